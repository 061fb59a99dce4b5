/**
 * Writes ../static/widget.js and ../static/widget.css. The same input gives the same bytes, so that
 * the committed files can be compared with a fresh build.
 */
import { build, transform } from 'esbuild';
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { minify } from 'terser';

const here = fileURLToPath(new URL('.', import.meta.url));
const only = (/** @type {string} */ part) => process.argv.includes('--only=' + part);
const small = { minify: true, charset: 'utf8', legalComments: 'none', target: 'es2022' };

/** Names only our own objects have, never one that is stored, sent or the browser's. */
const OURS = /^(attempt|view|wait|failed|field|guests|fit|restore|clear|save|popup|node|tell|resume)$/;

const source = (/** @type {string} */ name) => readFile(`${here}/src/${name}`, 'utf8');
const minified = async (/** @type {string} */ css) =>
  (await transform(css, { ...small, loader: 'css' })).code.trim();

/** The rules of both, for the blog's own page. */
const pageStyle = async () => minified((await source('place.css')) + (await source('page.css')));

/** The widget's own sheet, where the element is called `:host`. */
async function style() {
  const place = (await source('place.css'))
    .replace(/^comment-login([:[].*) {/gm, ':host($1) {')
    .replace(/^comment-login/gm, ':host');
  return minified(place + (await source('style.css')));
}

/** `import style from './style.css'` gives the minified text, for a constructed stylesheet. */
const styles = {
  name: 'styles',
  setup(plugin) {
    plugin.onLoad({ filter: /\.css$/ }, async () => ({
      contents: only('script') ? '' : await style(),
      loader: 'text',
    }));
  },
};

/** The widget's half of the English catalogue. The other half must not move a byte of the script. */
const words = {
  name: 'words',
  setup(plugin) {
    plugin.onLoad({ filter: /locales.en\.json$/ }, async ({ path }) => ({
      contents: JSON.stringify({ widget: JSON.parse(await readFile(path, 'utf8')).widget }),
      loader: 'json',
    }));
  },
};

/** The script as one small file. */
async function script() {
  const bundle = await build({
    ...small,
    absWorkingDir: here,
    entryPoints: ['src/main.js'],
    bundle: true,
    format: 'esm',
    mangleProps: OURS,
    plugins: [styles, words],
    write: false,
  });
  // A second minifier finds what the first one leaves: three bytes of a hundred.
  const compress = { passes: 3, sequences: false, unsafe_arrows: true, unsafe_methods: true };
  const options = { module: true, ecma: 2022, compress };
  return (await minify(bundle.outputFiles[0].text, options)).code + '\n';
}

// To measure the shares of script and style, `--only=script` and `--only=style` print one of them.
if (only('script')) {
  process.stdout.write(await script());
} else if (only('style')) {
  process.stdout.write(await style());
} else {
  await writeFile(`${here}/../static/widget.js`, await script());
  await writeFile(`${here}/../static/widget.css`, await pageStyle());
}

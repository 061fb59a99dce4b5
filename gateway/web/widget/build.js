/**
 * Writes ../static/widget.js and ../static/widget.css. The same input gives the same bytes, so that
 * the committed files can be compared with a fresh build.
 */
import { build, transform } from 'esbuild';
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const out = (/** @type {string} */ name) => `${here}/../static/${name}`;
const small = { minify: true, charset: 'utf8', legalComments: 'none', target: 'es2022' };

/** Names only our own objects have, never one that is stored, sent or the browser's. */
const OURS = /^(attempt|view|wait|failed|field|guests|fit|restore|clear|save|popup)$/;

const minified = async (path) =>
  (await transform(await readFile(path, 'utf8'), { ...small, loader: 'css' })).code.trim();

/** `import style from './style.css'` gives the minified text, for a constructed stylesheet. */
const styles = {
  name: 'styles',
  setup(plugin) {
    plugin.onLoad({ filter: /\.css$/ }, async ({ path }) => ({
      contents: process.argv.includes('--without-style') ? '' : await minified(path),
      loader: 'text',
    }));
  },
};

const bundle = await build({
  ...small,
  absWorkingDir: here,
  entryPoints: ['src/main.js'],
  bundle: true,
  format: 'esm',
  mangleProps: OURS,
  plugins: [styles],
  write: false,
});
// A second pass finds shorter names for what the first one has joined.
const { code } = await transform(bundle.outputFiles[0].text, small);

if (process.argv.includes('--without-style')) {
  process.stdout.write(code);
} else {
  await writeFile(out('widget.js'), code);
  await writeFile(out('widget.css'), await minified(`${here}/src/page.css`));
}

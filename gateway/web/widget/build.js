/**
 * Writes ../static/widget.js and ../static/widget.css. The same input gives the same bytes, so that
 * the committed files can be compared with a fresh build.
 */
import { build } from 'esbuild';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const common = {
  absWorkingDir: here,
  bundle: true,
  minify: true,
  charset: 'utf8',
  legalComments: 'none',
  logLevel: 'warning',
};

/** `import style from './style.css'` gives the minified text, for a constructed stylesheet. */
const minifiedText = {
  name: 'minified-text',
  setup(plugin) {
    plugin.onLoad({ filter: /\.css$/ }, async ({ path }) => {
      const made = await build({ ...common, entryPoints: [path], write: false });
      return { contents: made.outputFiles[0].text.trim(), loader: 'text' };
    });
  },
};

await build({
  ...common,
  entryPoints: ['src/main.js'],
  outfile: '../static/widget.js',
  format: 'esm',
  target: 'es2022',
  plugins: [minifiedText],
});
await build({ ...common, entryPoints: ['src/style.css'], outfile: '../static/widget.css' });

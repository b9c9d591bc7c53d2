import { defineConfig } from 'vite';

/** The bridge serves what comes out at `/console/` of its internal listener. */
export default defineConfig({
  root: import.meta.dirname,
  base: '/console/',
  logLevel: 'warn',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: '../../dist/apps/console',
    emptyOutDir: true,
    target: 'es2024',
    sourcemap: true,
    modulePreload: false,
    // The page's policy allows no `data:` but for images.
    assetsInlineLimit: 0,
  },
});

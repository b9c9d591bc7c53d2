// Builds `@drawbridge/client` as it is published, and packs it: `node scripts/client-package.mjs [--out <folder>] [--check]`.
// The folder (packed/client by default, which no build touches) then holds the package and, beside it, the tarball, whose path is the last line printed.
// With --check it also measures the core, and has publint and are-the-types-wrong look at the tarball.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import ts from 'typescript';

/** What the core may weigh, minified and gzipped. */
const MAX_CORE_BYTES = 10 * 1_024;

const { values } = parseArgs({
  options: { out: { type: 'string', default: 'packed/client' }, check: { type: 'boolean', default: false } },
});
const out = resolve(values.out);
const built = join(out, 'package');
const workspace = JSON.parse(readFileSync('libs/client/package.json', 'utf8'));

rmSync(out, { recursive: true, force: true });
mkdirSync(join(built, 'dist'), { recursive: true });
compile();
writeFileSync(join(built, 'package.json'), `${JSON.stringify(manifest(), null, 2)}\n`);
cpSync('libs/client/README.md', join(built, 'README.md'));

const tarball = join(out, run('npm', ['pack', '--silent', '--pack-destination', out], built).trim());
if (values.check) {
  await measure();
  run('publint', ['run', tarball, '--strict']);
  run('attw', [tarball, '--profile', 'esm-only', '--no-emoji', '--quiet']);
  console.log('publint and are-the-types-wrong find nothing.');
  useTypes();
}
console.log(tarball);

/** TypeScript to JavaScript and declarations; the types of the wire go along, since nobody else has them. */
function compile() {
  const { options } = ts.parseJsonConfigFileContent(
    ts.readConfigFile('tsconfig.json', ts.sys.readFile).config,
    ts.sys,
    '.',
  );
  const entries = Object.values(workspace.exports).flatMap((target) =>
    typeof target === 'string' ? [target] : Object.values(target),
  );
  const program = ts.createProgram(
    entries.map((target) => resolve('libs/client', target)),
    {
      ...options,
      target: ts.ScriptTarget.ES2022,
      noEmit: false,
      declaration: true,
      allowImportingTsExtensions: false,
      emitDecoratorMetadata: false,
      outDir: join(built, 'dist'),
      rootDir: resolve('libs'),
    },
  );
  const write = (file, text) => {
    const place = file.replace('/dist/client/src/', '/dist/').replace('/dist/protocol/src/', '/dist/protocol/');
    const depth = place.slice(join(built, 'dist').length + 1).split('/').length - 1;
    const wire = `${depth === 0 ? './' : '../'.repeat(depth)}protocol/wire.js`;
    ts.sys.writeFile(place, text.replaceAll(`'@drawbridge/protocol'`, `'${wire}'`));
  };
  // `npm run types` has looked for all others.
  const problems = [];
  for (const file of program.getSourceFiles()) {
    const isOurs = file.fileName.includes('/libs/client/src/');
    // Types alone: what is left of them as JavaScript is empty.
    const isWire = /\/libs\/protocol\/src\/(wire|scopes)\.ts$/.test(file.fileName);
    if (isOurs || isWire)
      problems.push(...program.emit(file, write, undefined, isWire && file.fileName.endsWith('scopes.ts')).diagnostics);
  }
  report(problems);
}

function report(problems) {
  if (problems.length === 0) return;
  const host = { getCanonicalFileName: (name) => name, getCurrentDirectory: () => '.', getNewLine: () => '\n' };
  console.error(ts.formatDiagnostics(problems, host));
  process.exit(1);
}

/** As in the workspace, with what was compiled in place of the sources. */
function manifest() {
  const { name, version, dependencies, peerDependencies, peerDependenciesMeta, description } = workspace;
  const compiled = (target) => `./dist/${target.slice('./src/'.length).replace(/\.ts$/, '')}`;
  const entry = (target) => ({ types: `${compiled(target)}.d.ts`, default: `${compiled(target)}.js` });
  const exported = Object.entries(workspace.exports).map(([path, target]) => [
    path,
    typeof target === 'string'
      ? entry(target)
      : Object.fromEntries(Object.entries(target).map(([condition, each]) => [condition, entry(each)])),
  ]);
  return {
    name,
    version,
    description,
    license: 'Apache-2.0',
    type: 'module',
    sideEffects: false,
    engines: { node: '>=22' },
    exports: { ...Object.fromEntries(exported), './package.json': './package.json' },
    files: ['dist'],
    ...(dependencies ? { dependencies } : {}),
    ...(peerDependencies ? { peerDependencies, peerDependenciesMeta } : {}),
  };
}

/** What a partner's compiler says of the declarations, strict and without anything of Node's. */
function useTypes() {
  const sample = join(built, 'sample.ts');
  const entries = Object.keys(manifest().exports).filter((path) => path !== './package.json');
  const names = entries.map((path) => `${workspace.name}${path.slice(1)}`);
  writeFileSync(sample, names.map((name, index) => `export * as entry${index} from '${name}';`).join('\n'));
  const options = {
    strict: true,
    noEmit: true,
    target: ts.ScriptTarget.ES2022,
    lib: ['lib.es2022.d.ts', 'lib.dom.d.ts'],
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    customConditions: ['browser'],
    types: [],
  };
  // The package knows itself by its name.
  const problems = ts.getPreEmitDiagnostics(ts.createProgram([sample], options));
  rmSync(sample);
  report(problems);
  console.log(`Its ${names.length} entries compile in a browser's project.`);
}

async function measure() {
  const { build } = await import('esbuild');
  const { outputFiles } = await build({
    entryPoints: [join(built, 'dist/index.js')],
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    write: false,
  });
  const bytes = gzipSync(outputFiles[0].contents, { level: 9 }).length;
  console.log(`The core is ${bytes} bytes, minified and gzipped, of ${MAX_CORE_BYTES}.`);
  if (bytes > MAX_CORE_BYTES) process.exitCode = 1;
}

function run(program, args, cwd = '.') {
  try {
    return execFileSync(program, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  } catch (error) {
    console.error(error.stdout, error.stderr);
    process.exit(1);
  }
}

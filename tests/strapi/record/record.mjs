// node record.mjs PROJECT [topic...]: seeds the Strapi project in the folder PROJECT and records the topics (all without names).
import fs from 'node:fs';
import path from 'node:path';
import { Recorder } from './recorder.mjs';
import { seed, upload } from './seed.mjs';

const [project, ...only] = process.argv.slice(2);
const folder = path.join(import.meta.dirname, 'topics');
const kept = path.join(project, '.tmp', 'seed-names.json');
const r = new Recorder(path.resolve(project));
const wanted = (name) => only.length === 0 || only.includes(name);

if (wanted('seed')) {
  fs.rmSync(path.join(project, '.tmp'), { recursive: true, force: true });
  fs.rmSync(path.join(project, 'public', 'uploads'), { recursive: true, force: true });
  fs.mkdirSync(path.join(project, '.tmp'));
  fs.mkdirSync(path.join(project, 'public', 'uploads'));
  await r.start();
  const locales = await r.send('GET', '/api/i18n/locales', {});
  for (const l of locales.body) r.docs.set(`locale-${l.code}`, l.documentId);
  await upload(r);
  await seed(r);
  r.write('seed');
  await r.stop();
  r.keepDatabase();
  fs.writeFileSync(kept, JSON.stringify({ docs: [...r.docs], files: [...r.files] }));
}
const names = JSON.parse(fs.readFileSync(kept));
const topics = fs.readdirSync(folder).filter((f) => f.endsWith('.mjs')).map((f) => path.basename(f, '.mjs')).sort();
let running = false;
const fresh = async () => { // a server on the seeded database
  if (running) await r.stop();
  r.restoreDatabase();
  r.docs = new Map(names.docs); r.files = new Map(names.files);
  await r.start();
  running = true;
};
let changed = true;
for (const topic of topics.filter(wanted)) {
  const { default: run, writes = false } = await import(path.join(folder, `${topic}.mjs`));
  if (changed) await fresh();
  changed = writes;
  try { await run(r); } catch (e) { console.error(topic, e); }
  r.write(topic);
}
if (running) await r.stop();

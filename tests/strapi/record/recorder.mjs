// Starts Strapi, sends requests, keeps what it answered, with tokens in the place of ids (see ../README.md).
import fs from 'node:fs';
import path from 'node:path';
import { spawn } from 'node:child_process';

const here = import.meta.dirname;
const CASES = path.join(here, '..', 'cases');
const BASE = 'http://127.0.0.1:1437';
const DOC = /^[a-z][a-z0-9]{23}$/;
const TOKEN = /\$(doc|id|file):([a-z0-9/-]+(?::[a-z]+)*)/g;

export class Recorder {
  constructor(project) {
    this.project = project;
    this.docs = new Map(); // name -> documentId
    this.files = new Map(); // name -> numeric id
    this.cases = [];
  }

  async start() {
    this.child = spawn(process.execPath, ['node_modules/@strapi/strapi/bin/strapi.js', 'start'], { cwd: this.project, env: { ...process.env, NODE_ENV: 'production' }, stdio: ['ignore', fs.openSync(path.join(this.project, 'strapi.log'), 'a'), fs.openSync(path.join(this.project, 'strapi.log'), 'a')] });
    process.once('exit', () => this.child.kill('SIGTERM'));
    for (let i = 0; i < 600; i++) {
      await new Promise((done) => setTimeout(done, 200));
      if (this.child.exitCode !== null) throw new Error('strapi stopped while starting');
      try { if ((await fetch(`${BASE}/_health`)).status === 204) break; } catch { /* not up yet */ }
    }
    this.tokens = JSON.parse(fs.readFileSync(path.join(this.project, '.tmp', 'tokens.json')));
  }

  async stop() {
    const gone = new Promise((done) => this.child.once('exit', done));
    this.child.kill('SIGTERM');
    await gone;
  }

  // The database as it is after the seed. Every topic that writes starts from it.
  keepDatabase() { for (const f of this.databaseFiles()) fs.copyFileSync(f, f.replace('data.db', 'seed.db')); }
  restoreDatabase() {
    for (const f of this.databaseFiles()) fs.rmSync(f);
    for (const f of fs.readdirSync(path.join(this.project, '.tmp')).filter((n) => n.startsWith('seed.db')))
      fs.copyFileSync(path.join(this.project, '.tmp', f), path.join(this.project, '.tmp', f.replace('seed.db', 'data.db')));
  }
  databaseFiles() { return fs.readdirSync(path.join(this.project, '.tmp')).filter((n) => n.startsWith('data.db')).map((n) => path.join(this.project, '.tmp', n)); }

  async send(method, url, headers, body) {
    const send = { ...headers };
    if (!('authorization' in send)) send.authorization = 'Bearer $token:full';
    if (send.authorization === null) delete send.authorization;
    else send.authorization = send.authorization.replace(/\$token:([a-z-]+)/, (_, n) => this.tokens[n]);
    if (body !== undefined && !(body instanceof FormData) && !('content-type' in send)) send['content-type'] = 'application/json';
    const payload = body === undefined || body instanceof FormData || typeof body === 'string' ? body : JSON.stringify(body);
    const answer = await fetch(BASE + url, { method, headers: send, body: payload, signal: AbortSignal.timeout(30000) });
    const text = await answer.text();
    let parsed = text;
    try { parsed = text === '' ? null : JSON.parse(text); } catch { /* not JSON: keep the text */ }
    return { status: answer.status, body: parsed };
  }

  // `$doc:name` -> documentId, `$file:name` -> file id, `$id:articles/name:draft[:fr]` -> the row id the API shows for that version.
  async resolve(value) {
    if (typeof value === 'string') {
      let out = '', last = 0, whole;
      for (const m of value.matchAll(TOKEN)) {
        const real = await this.lookup(m[1], m[2]);
        out += value.slice(last, m.index) + real; last = m.index + m[0].length;
        if (m[0] === value) whole = real;
      }
      return whole !== undefined && typeof whole === 'number' ? whole : out + value.slice(last);
    }
    if (Array.isArray(value)) { const out = []; for (const v of value) out.push(await this.resolve(v)); return out; }
    if (value && typeof value === 'object') { const out = {}; for (const [k, v] of Object.entries(value)) out[k] = await this.resolve(v); return out; }
    return value;
  }

  async lookup(kind, name) {
    const known = (map, key) => { if (!map.has(key)) throw new Error(`nothing is called ${key}`); return map.get(key); };
    if (kind === 'doc') return known(this.docs, name);
    if (kind === 'file') return known(this.files, name);
    const [, plural, doc, status, locale] = name.match(/^([a-z-]+)\/([a-z0-9-]+):([a-z]+)(?::([a-z]+))?$/);
    const seen = await this.send('GET', `/api/${plural}/${known(this.docs, doc)}?status=${status}${locale ? `&locale=${locale}` : ''}`, {});
    return seen.body.data.id;
  }

  mask(value, key) {
    if (typeof value === 'string') {
      for (const [name, id] of this.docs) if (value.includes(id)) value = value.replaceAll(id, `$doc:${name}`);
      if (value.startsWith('eyJ')) return '$jwt';
      return DOC.test(value) ? '$doc:?' : value;
    }
    if (Array.isArray(value)) return value.map((v) => this.mask(v));
    if (value && typeof value === 'object') {
      const out = {};
      const isFile = 'mime' in value && 'hash' in value && 'id' in value;
      const inData = value.attributes && 'mime' in value.attributes;
      for (const [k, v] of Object.entries(value)) {
        if (k === 'id' && typeof v === 'number') {
          const file = (isFile || inData) && [...this.files].find(([, id]) => id === v);
          out[k] = file ? `$file:${file[0]}` : '$id';
        } else out[k] = this.mask(v, k);
      }
      return out;
    }
    return value;
  }

  // Sends one request and keeps the case. `as` names the documentId of the answer.
  async keep(name, method, url, { headers, body, as } = {}) {
    url = url.replace(/[^\x21-\x7e]/g, encodeURIComponent);
    const seen = await this.send(method, await this.resolve(url), headers ?? {}, body === undefined ? undefined : await this.resolve(body));
    if (seen.body?.jwt) this.tokens.user = seen.body.jwt; // $token:user is the last one handed out
    const doc = seen.body?.data?.documentId;
    if (as && doc) this.docs.set(as, doc);
    else if (as) console.error(`no document from "${name}":`, JSON.stringify(seen.body));
    if (seen.status >= 500) console.error(`${seen.status} from "${name}"`);
    this.cases.push({ name, ...(as ? { as } : {}), request: { method, path: url, ...(headers ? { headers } : {}), ...(body === undefined ? {} : { body }) }, response: { status: seen.status, body: this.mask(seen.body) } });
    return seen;
  }

  get(name, url, o = {}) { return this.keep(name, 'GET', `/api/${url}`, o); }
  post(name, url, data, o = {}) { return this.keep(name, 'POST', `/api/${url}`, { body: { data }, ...o }); }
  put(name, url, data, o = {}) { return this.keep(name, 'PUT', `/api/${url}`, { body: { data }, ...o }); }
  delete(name, url, o = {}) { return this.keep(name, 'DELETE', `/api/${url}`, o); }

  write(topic) {
    const twice = this.cases.map((c) => c.name).filter((n, i, all) => all.indexOf(n) !== i);
    if (twice.length) throw new Error(`${topic}: two cases are called ${twice.join(', ')}`);
    fs.mkdirSync(CASES, { recursive: true });
    fs.writeFileSync(path.join(CASES, `${topic}.json`), '[\n' + this.cases.map((c) => '  ' + JSON.stringify(c)).join(',\n') + '\n]\n');
    console.log(`${topic}: ${this.cases.length} cases`);
    this.cases = [];
  }
}

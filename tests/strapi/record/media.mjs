// Writes the three tiny files the seed uploads into ../media/.
import fs from 'node:fs';
import path from 'node:path';
import zlib from 'node:zlib';

const folder = path.join(import.meta.dirname, '..', 'media');
const chunk = (kind, data) => {
  const head = Buffer.alloc(8); head.writeUInt32BE(data.length); head.write(kind, 4);
  const sum = Buffer.alloc(4); sum.writeUInt32BE(zlib.crc32 ? zlib.crc32(Buffer.concat([head.subarray(4), data])) : crc(Buffer.concat([head.subarray(4), data])));
  return Buffer.concat([head, data, sum]);
};
const crc = (bytes) => {
  let c = ~0;
  for (const b of bytes) { c ^= b; for (let k = 0; k < 8; k++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1; }
  return ~c >>> 0;
};
const png = (width, height, pixel) => {
  const rows = [];
  for (let y = 0; y < height; y++) { const row = [0]; for (let x = 0; x < width; x++) row.push(...pixel(x, y)); rows.push(Buffer.from(row)); }
  const size = Buffer.alloc(13); size.writeUInt32BE(width, 0); size.writeUInt32BE(height, 4); size.set([8, 2, 0, 0, 0], 8);
  return Buffer.concat([Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]), chunk('IHDR', size), chunk('IDAT', zlib.deflateSync(Buffer.concat(rows), { level: 9 })), chunk('IEND', Buffer.alloc(0))]);
};
fs.mkdirSync(folder, { recursive: true });
fs.writeFileSync(path.join(folder, 'cover.png'), png(600, 400, (x, y) => [(x >> 5) * 12, (y >> 5) * 20, 128]));
fs.writeFileSync(path.join(folder, 'icon.png'), png(16, 16, () => [200, 30, 60]));
fs.writeFileSync(path.join(folder, 'notes.txt'), 'Notes to download.\n');

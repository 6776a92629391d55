// The files that are walked through: names, sizes and times that a listing has to get right, and what a browser
// shows, saves or plays.

import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Of the sound, in seconds: long enough that its end is not fetched along with its beginning. */
export const SECONDS = 60;
export const LONG = `${'a name without any place to break it '.replaceAll(' ', '_').repeat(5)}.txt`;
export const README = '# Read me\n\n<script>alert("README")</script> & <b>not bold</b>\n';

const PAGE = '<!DOCTYPE html>\n<meta charset="utf-8">\n<title>Page</title>\n<p>A page of its own.</p>\n';
const PLAYER = `<!DOCTYPE html>\n<title>Player</title>\n<audio controls preload="metadata" src="tone.wav"></audio>\n`;

/**
 * What the root holds, in the order of a listing by name. A folder has `files`, by their names, and a file has
 * `content`. `is` says what a browser does with it, if it does not show it; `day` is when it was changed, in
 * August 2024.
 */
export const ENTRIES = [
  { name: 'empty', files: {}, day: 7 },
  { name: 'Folder #2, 100%?', files: { deeper: {}, 'in it.txt': 'in it\n', 'ふたつ.txt': 'two\n' }, day: 30 },
  { name: 'site', files: site(), day: 3 },
  { name: '"double" and \'single\' quotes.txt', content: text(17), day: 12 },
  { name: '#hash.txt', content: text(5), day: 28 },
  { name: '100% sure.txt', content: text(1536), day: 14 },
  { name: '<img src=x onerror=alert(1)>.txt', content: text(33), day: 2 },
  { name: LONG, content: text(21), day: 16 },
  { name: 'back\\slash.txt', content: text(9), day: 26 },
  { name: 'chapter 2.txt', content: text(0), day: 11 },
  { name: 'chapter 10.txt', content: text(1), day: 10 },
  { name: 'favicon.ico', content: icon(), is: 'fetched', day: 1 },
  { name: 'javascript:alert(1)', content: text(65), day: 20 },
  { name: 'page.html', content: Buffer.from(PAGE), day: 22 },
  { name: 'player.html', content: Buffer.from(PLAYER), day: 21 },
  { name: 'program.bin', content: Buffer.alloc(300_000, '\x00\x01\xFE\xFF', 'latin1'), is: 'saved', day: 18 },
  { name: 'README.md', content: Buffer.from(README), day: 24 },
  { name: 'tone.wav', content: tone(), is: 'played', day: 13 },
  { name: 'what?.txt', content: text(40), day: 17 },
  { name: 'with spaces & +.txt', content: text(4096), day: 25 },
  { name: 'Привет, мир.txt', content: text(77), day: 8 },
  { name: '日本語.txt', content: text(50), day: 19 },
];

export const isFolder = (entry) => entry.files !== undefined;
/** As a listing shows it. */
export const shown = (entry) => (isFolder(entry) ? `${entry.name}/` : entry.name);

/** Writes it all beneath `root`. */
export function plant(root) {
  for (const { name, files, content, day } of ENTRIES) {
    const time = new Date(Date.UTC(2024, 7, day, 9, 5, 7));
    write(join(root, name), files ?? content);
    utimesSync(join(root, name), time, time);
  }
}

function write(path, what) {
  if (typeof what === 'string' || what instanceof Buffer) {
    writeFileSync(path, what);
  } else {
    mkdirSync(path);
    Object.entries(what).forEach(([name, inside]) => write(join(path, name), inside));
  }
}

function text(length) {
  return Buffer.alloc(length, 'Line by line.\n');
}

/** A folder with an index, whose style and script count only under the right media types. */
function site() {
  return {
    'index.html': '<!DOCTYPE html>\n<title>loading</title>\n<link rel="stylesheet" href="style.css">\n'
      + '<script type="module" src="app.js"></script>\n<p>Site</p>\n',
    'style.css': 'p { color: rgb(1, 2, 3) }\n',
    'app.js': 'document.title = getComputedStyle(document.querySelector("p")).color;\n',
  };
}

/** An icon of one grey pixel. */
function icon() {
  const header = [0, 0, 1, 0, 1, 0, 1, 1, 0, 0, 1, 0, 32, 0, 48, 0, 0, 0, 22, 0, 0, 0];
  const bitmap = [40, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 1, 0, 32, 0, ...Array(24).fill(0)];
  return Buffer.from([...header, ...bitmap, 128, 128, 128, 255, 0, 0, 0, 0]);
}

/** A WAV file: a quiet tone of 441 Hz, in stereo, 16 bits at 44.1 kHz. */
function tone() {
  const [rate, frame] = [44_100, 4];
  const header = Buffer.alloc(44);
  header.write('RIFF');
  header.writeUInt32LE(36 + SECONDS * rate * frame, 4);
  header.write('WAVEfmt ', 8);
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20); // PCM
  header.writeUInt16LE(2, 22);
  header.writeUInt32LE(rate, 24);
  header.writeUInt32LE(rate * frame, 28);
  header.writeUInt16LE(frame, 32);
  header.writeUInt16LE(16, 34);
  header.write('data', 36);
  header.writeUInt32LE(SECONDS * rate * frame, 40);
  const samples = Array.from({ length: 100 }, (_, i) => Math.round(2000 * Math.sin((i / 100) * 2 * Math.PI)));
  const wave = Buffer.from(Int16Array.from(samples.flatMap((sample) => [sample, sample])).buffer);
  return Buffer.concat([header, Buffer.alloc(SECONDS * rate * frame, wave)]);
}

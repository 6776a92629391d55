// The steps of the walk, in their order.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ENTRIES, README, SECONDS, isFolder, shown } from './tree.mjs';

const FOLDER = 'Folder #2, 100%?';
const WIDTHS = [900, 390];
const SCHEMES = { light: 'rgb(0, 0, 0)', dark: 'rgb(255, 255, 255)' };

export const STEPS = [listed, ordered, entered, opened, revalidated, indexed, played, pictured];

const link = (page, name) => page.locator('h1, tbody').getByRole('link', { name, exact: true });
const names = (page) => page.locator('tbody tr').evaluateAll((rows) => rows.map((row) => row.cells[0].textContent));

/** The listing shows what there is, and nothing of it acts. */
async function listed(walk) {
  const page = await walk.page('/');
  same(await names(page), ENTRIES.map(shown), 'the names are listed as they are, in their order');
  const cells = await page.locator('tr', { hasText: '100% sure.txt' }).locator('td').allTextContents();
  same(cells, ['100% sure.txt', '1.5 KiB', '2024-08-14 09:05:07'], 'a row has name, size and time');
  same(await page.locator('pre').textContent(), README, 'the README is shown as it stands');
  same(await page.locator('img, script, pre *').count(), 0, 'neither a name nor the README makes an element');
}

/** Each head sorts, and once more turns the order round. */
async function ordered(walk) {
  const page = await walk.page('/');
  for (const [head, value, direction, expected] of orders()) {
    const button = page.getByRole('columnheader', { name: head }).getByRole('button');
    await otherwise(button.click(), `there is no button ${head} to click on`);
    await otherwise(page.waitForURL((url) => url.search === `?sort=${value}`), `${head} does not ask for ${value}`);
    same(await names(page), expected.map(shown), `the order after a click on ${head}, ${direction}`);
    const sorted = await page.locator('th[aria-sort]').evaluateAll((heads) => heads.map((head) => head.ariaSort));
    same(sorted, [direction], 'one head says that it sorts, and how');
  }
}

/** What is clicked one after the other: the head, the value of `sort`, how it sorts, the entries then. */
function orders() {
  const [folders, files] = [ENTRIES.filter(isFolder), ENTRIES.filter((entry) => !isFolder(entry))];
  const by = (entries, key) => entries.toSorted((a, b) => key(a) - key(b));
  const [size, day] = [(file) => file.content.length, (entry) => entry.day];
  const newest = by(ENTRIES, day).reverse();
  return [
    ['Size', '-size', 'descending', [...folders, ...by(files, size).reverse()]],
    ['Size', 'size', 'ascending', [...folders, ...by(files, size)]],
    ['Modified', '-time', 'descending', newest],
    ['Modified', 'time', 'ascending', newest.toReversed()],
    ['Name', 'name', 'ascending', ENTRIES],
    ['Name', '-name', 'descending', [...folders.toReversed(), ...files.toReversed()]],
  ];
}

/** Into a folder, and back in every way there is. */
async function entered(walk) {
  const page = await walk.page('/?sort=-size');
  const before = await names(page);
  await follow(page, `${FOLDER}/`, `/${FOLDER}/`);
  same(await names(page), ['../', 'deeper/', 'in it.txt', 'ふたつ.txt'], 'the folder is listed');
  const where = [await page.title(), await page.locator('h1').textContent()];
  same(where, [FOLDER, `Home / ${FOLDER}`], 'it says where it is');
  await page.goBack();
  same([await names(page), new URL(page.url()).search], [before, '?sort=-size'], 'back, in the order that was left');
  const ways = [
    [`${FOLDER}/`, `/${FOLDER}/`],
    ['deeper/', `/${FOLDER}/deeper/`],
    [FOLDER, `/${FOLDER}/`],
    ['deeper/', `/${FOLDER}/deeper/`],
    ['../', `/${FOLDER}/`],
    ['deeper/', `/${FOLDER}/deeper/`],
    ['Home', '/'],
    ['empty/', '/empty/'],
  ];
  for (const [name, path] of ways) await follow(page, name, path);
  same(await names(page), ['../'], 'an empty folder is listed');
  const asked = walk.serve.answers().some(({ target }) => target === '/favicon.ico');
  same(asked, false, 'a listing makes the browser ask for an icon');
}

/** Every file of the listing, by its link. */
async function opened(walk) {
  const page = await walk.page('/');
  for (const { name, content, is } of ENTRIES.filter((entry) => !isFolder(entry))) {
    if (is === 'fetched') continue; // the driver hides what the browser asks for by itself
    await page.goto(`${walk.serve.origin}/`);
    const [event, go] = is === 'saved' ? ['download', click] : ['response', follow];
    const [arrived] = await Promise.all([page.waitForEvent(event), go(page, name, `/${name}`)]);
    if (is === 'saved') same(arrived.suggestedFilename(), name, 'the name it is saved under');
    else same(arrived.status(), 200, `the status of ${name}`);
    if (is === 'played') continue; // whose bytes a page fetches in a step of its own
    const bytes = is === 'saved' ? readFileSync(await arrived.path()) : await arrived.body();
    same(digest(bytes), digest(content), `the bytes of ${name}`);
  }
  await walk.serve.answered('/favicon.ico', 200);
}

/** A second visit asks whether it is still the same, and gets no bytes. */
async function revalidated(walk) {
  const page = await walk.page('/');
  for (const status of [200, 304]) {
    const from = walk.serve.lines.length;
    await follow(page, 'page.html', '/page.html');
    same(await page.locator('p').textContent(), 'A page of its own.', 'the page');
    await walk.serve.answered('/page.html', status, from);
    await page.goto(`${walk.serve.origin}/`);
  }
}

/** A folder with an index is that page, and its script and style are taken for what they are. */
async function indexed(walk) {
  const page = await walk.page('/');
  await follow(page, 'site/', '/site/');
  const styled = page.waitForFunction(() => document.title === 'rgb(1, 2, 3)');
  await otherwise(styled, 'the script or the style of the page is not applied');
}

/** A sound is played, from where somebody jumps to, without all that is before. */
async function played(walk) {
  const page = await walk.page('/player.html');
  const later = page.waitForRequest((request) => /^bytes=[1-9]/.test(request.headers().range ?? ''));
  const asked = otherwise(later, 'the browser asks for no range that begins later');
  const from = walk.serve.lines.length;
  const [{ duration, reached }, request] = await Promise.all([page.locator('audio').evaluate(jump), asked]);
  same(duration, SECONDS, 'the sound is as long as it is');
  assert(reached < SECONDS, 'it plays on from there');
  same((await request.response()).status(), 206, 'the status of what is asked for from there');
  await walk.serve.answered('/tone.wav', 206, from);
  const bytes = await page.evaluate(async () => {
    const answer = await fetch('tone.wav', { cache: 'no-store' });
    const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', await answer.arrayBuffer()));
    return Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('');
  });
  same(bytes, digest(ENTRIES.find(({ name }) => name === 'tone.wav').content), 'the bytes of tone.wav');
}

/** In the page: plays, jumps to four fifths, and plays on from there for a while. */
async function jump(audio) {
  const until = (event, holds) => new Promise((resolve, reject) => {
    const look = () => holds() && resolve();
    audio.addEventListener(event, look);
    audio.addEventListener('error', () => reject(new Error(audio.error.message)));
    setTimeout(() => reject(new Error(`it waits for ${event} in vain`)), 10_000);
    look();
  });
  await until('loadedmetadata', () => audio.readyState >= audio.HAVE_METADATA);
  await audio.play();
  const start = 0.8 * audio.duration;
  audio.currentTime = start;
  await until('timeupdate', () => !audio.seeking && audio.currentTime > start + 0.5);
  return { duration: audio.duration, reached: audio.currentTime };
}

/** Light and dark, wide and narrow: pictures to look at, and nothing beyond the edge. */
async function pictured(walk) {
  for (const [colorScheme, ink] of Object.entries(SCHEMES)) {
    for (const width of WIDTHS) {
      for (const [what, address] of [['root', '/'], ['folder', `/${encodeURIComponent(FOLDER)}/`]]) {
        const page = await walk.page(address, { colorScheme, viewport: { width, height: 844 } });
        await page.screenshot({ path: join(walk.pictures, `${what}-${colorScheme}-${width}.png`), fullPage: true });
        const wide = await page.evaluate(() => document.documentElement.scrollWidth);
        same(wide, width, `${what} is as wide as a screen of ${width} pixels`);
        const color = await page.evaluate(() => getComputedStyle(document.body).color);
        same(color, ink, `the ink where it is ${colorScheme}`);
      }
    }
  }
}

async function click(page, name) {
  await otherwise(link(page, name).click(), `there is no link ${name} to click on`);
}

/** Clicks on a link of a listing, and is where it leads to: at `path`, as it is on the disk. */
async function follow(page, name, path) {
  await click(page, name);
  const there = page.waitForURL((url) => decoded(url.pathname) === path);
  await otherwise(there, `the link ${name} does not lead to ${path}`);
}

function decoded(path) {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** What the driver waits for; it is said in its place what does not hold. */
async function otherwise(waited, what) {
  return waited.catch(() => assert.fail(what));
}

function digest(bytes) {
  return createHash('sha256').update(bytes).digest('hex');
}

/** A sentence with what was seen, instead of the usual list of differences. */
function same(seen, expected, what) {
  const [has, wants] = [seen, expected].map((value) => JSON.stringify(value));
  assert(has === wants, `${what}: that is not so; seen ${has}, expected ${wants}`);
}

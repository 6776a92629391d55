// A walk through `serve` in a browser: node tests/browser/walk.mjs target/release/examples/serve [--backend may ...]
//
// Rules
//
// 1. It ends with status 1 and a sentence at the first thing that does not hold; with 77 if there is no browser or no
//    driver for it (with REQUIRE_ALL=1 that is 1 too). The server and the browser are ended in any case.
// 2. What happens beside a step counts as well: a dialog, an error on the console or in a script, something a page's
//    policy refuses, a crash, a request to anywhere else.
// 3. Nothing is slept for: a step waits for what it expects, and not for ever.

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Missing, launch } from './chromium.mjs';
import { Serve } from './serve.mjs';
import { STEPS } from './steps.mjs';
import { plant } from './tree.mjs';

/** How long the whole may take once the browser runs, in milliseconds. */
const LIMIT = 120_000;

/** What a step has to walk with. */
class Walk {
  constructor(browser, serve, pictures) {
    Object.assign(this, { browser, serve, pictures, surprises: [] });
  }

  /** A page with a cache of its own, at `path`. */
  async page(path, options) {
    const context = await this.browser.newContext({ viewport: { width: 900, height: 900 }, ...options });
    context.setDefaultTimeout(10_000);
    await context.addInitScript(() => {
      addEventListener('securitypolicyviolation', (event) => console.error(`refused by ${event.violatedDirective}`));
    });
    const page = await context.newPage();
    this.watch(page);
    await page.goto(this.serve.origin + path);
    return page;
  }

  watch(page) {
    const note = (what) => this.surprises.push(`${what}, at ${page.url()}`);
    page.on('dialog', (dialog) => {
      note(`a dialog says "${dialog.message()}"`);
      return dialog.dismiss();
    });
    page.on('console', (message) => message.type() === 'error' && note(`the console says "${message.text()}"`));
    page.on('pageerror', (error) => note(`a script has failed: ${error}`));
    page.on('crash', () => note('the page has crashed'));
    page.on('request', (request) => {
      const { protocol, origin } = new URL(request.url());
      if (protocol !== 'data:' && origin !== this.serve.origin) note(`a request goes to ${origin}`);
    });
  }

  async step(step) {
    const start = performance.now();
    await step(this);
    await Promise.all(this.browser.contexts().map((context) => context.close()));
    if (this.surprises.length > 0) throw new Error(this.surprises.join('; '));
    console.log(`${step.name}: holds (${((performance.now() - start) / 1000).toFixed(1)} s)`);
  }
}

/** Rejects after the limit, or when somebody wants it to end. */
function interrupted() {
  return new Promise((_, reject) => {
    const end = (why) => reject(new Error(why));
    setTimeout(end, LIMIT, `it takes more than ${LIMIT / 1000} s`).unref();
    ['SIGINT', 'SIGTERM'].forEach((signal) => process.once(signal, () => end(`${signal} came`)));
  });
}

async function all(walk) {
  for (const step of STEPS) {
    await walk.step(step).catch((error) => {
      throw new Error(`${step.name}: ${error.message.split('\n')[0]}`);
    });
  }
}

async function main(folder, binary, options) {
  const root = join(folder, 'root');
  mkdirSync(root);
  plant(root);
  const browser = await launch(folder);
  let serve;
  try {
    serve = await Serve.start(binary, root, options);
    const pictures = mkdtempSync(join(tmpdir(), 'walk-pictures-'));
    console.log(`${serve.origin} in ${browser.browserType().name()} ${browser.version()}; pictures: ${pictures}`);
    await Promise.race([all(new Walk(browser, serve, pictures)), interrupted()]);
  } catch (error) {
    if (serve) console.error(['the end of the access log:', ...serve.lines.slice(-10)].join('\n  '));
    throw error;
  } finally {
    await browser.close();
    await serve?.stop();
  }
  if (serve.child.exitCode !== 0) throw new Error(`serve has ended with status ${serve.child.exitCode}`);
}

const [binary, ...options] = process.argv.slice(2);
if (!binary) {
  console.error('usage: node walk.mjs SERVE [OPTION OF SERVE ...]');
  process.exit(2);
}
const folder = mkdtempSync(join(tmpdir(), 'walk-'));
try {
  await main(folder, binary, options);
  console.log('the walk holds');
} catch (error) {
  const isSkipped = error instanceof Missing && process.env.REQUIRE_ALL !== '1';
  console.error(isSkipped ? `skipped: ${error.message}` : `the walk does not hold: ${error.message}`);
  process.exitCode = isSkipped ? 77 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

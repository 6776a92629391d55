// The browser: the system's Chromium or Chrome, driven by playwright-core. Node finds that where it finds packages,
// or else npm installs it into a temporary folder.

import { execFileSync } from 'node:child_process';
import { accessSync, constants, mkdtempSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, join } from 'node:path';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const DRIVER = 'playwright-core';
const VERSION = '1.65.1';
const OLDEST_NODE = 20;

/** Something that is not installed, and so not a fault of the server. */
export class Missing extends Error {}

/** Starts the browser; what has to be installed for it goes into a new folder in `parent`. */
export async function launch(parent) {
  const node = process.versions.node;
  if (parseInt(node, 10) < OLDEST_NODE) throw new Missing(`Node is ${node}, and should be ${OLDEST_NODE} or later`);
  const executablePath = find(NAMES);
  if (!executablePath) throw new Missing(`no browser: none of ${NAMES.join(', ')} is in PATH`);
  const { chromium } = driver(parent);
  const args = ['--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run'];
  return chromium.launch({ executablePath, args }).catch((error) => {
    throw new Missing(`${executablePath} does not start: ${error.message.split('\n')[0]}`);
  });
}

function driver(parent) {
  const require = createRequire(import.meta.url);
  try {
    return require(DRIVER);
  } catch (error) {
    if (error.code !== 'MODULE_NOT_FOUND') throw error;
  }
  const folder = mkdtempSync(join(parent, 'npm-'));
  const options = ['--no-save', '--no-audit', '--no-fund', '--silent', '--prefix', folder];
  try {
    execFileSync('npm', ['install', ...options, `${DRIVER}@${VERSION}`], { stdio: 'inherit', timeout: 120_000 });
  } catch (error) {
    throw new Missing(`no driver: ${DRIVER} is not where Node looks, and npm cannot install it (${error.message})`);
  }
  return createRequire(join(folder, 'none.js'))(DRIVER);
}

function find(names) {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find(isExecutable);
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

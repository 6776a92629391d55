// The built `serve` as a process, and what its access log says.
//
// Of a line of the log only the target and the status are read, in whichever form it has: the request in quotation
// marks with the status behind it, or JSON.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

const QUOTED = /"(?:GET|HEAD) ([^" ]+)[^"]*" (\d{3})\b/;

export class Serve {
  /** Starts `binary` for the files beneath `root`, on a port that is free. */
  static async start(binary, root, options) {
    const child = spawn(binary, [root, '--addr', '127.0.0.1:0', ...options], { stdio: ['ignore', 'pipe', 'pipe'] });
    const serve = new Serve(child);
    const failed = once(child, 'close').then(([code]) => {
      throw new Error(`serve ended with status ${code} before it listened: ${serve.lines.join(' ')}`);
    });
    serve.origin = await Promise.race([serve.listening(), failed]);
    failed.catch(() => {});
    return serve;
  }

  constructor(child) {
    this.child = child;
    this.ended = once(child, 'close').catch(() => [null]);
    this.lines = [];
    this.waiting = new Set();
    createInterface({ input: child.stderr }).on('line', (line) => {
      this.lines.push(line);
      this.waiting.forEach((look) => look());
    });
  }

  async listening() {
    for await (const line of createInterface({ input: this.child.stdout })) {
      const found = /^listening on (http:\/\/\S+)$/.exec(line);
      if (found) return found[1];
    }
    return new Promise(() => {}); // it has ended, which is told elsewhere
  }

  /** The answers of the log so far, from line `from` on: target and status of each. */
  answers(from = 0) {
    return this.lines.slice(from).map(answer).filter(Boolean);
  }

  /** Waits until the log, from line `from` on, has `status` for `target`: it is written once the answer is sent. */
  async answered(target, status, from = 0) {
    const has = () => this.answers(from).some((answer) => answer.target === target && answer.status === status);
    const is = await new Promise((resolve) => {
      const look = () => has() && done(true);
      const timer = setTimeout(() => done(false), 5000);
      const done = (is) => {
        clearTimeout(timer);
        this.waiting.delete(look);
        resolve(is);
      };
      this.waiting.add(look);
      look();
    });
    if (!is) throw new Error(`the access log has no ${status} for ${target} within 5 s`);
  }

  /** Ends it, by force if it does not do so when asked. */
  async stop() {
    this.child.kill('SIGTERM');
    const timer = setTimeout(() => this.child.kill('SIGKILL'), 15_000);
    await this.ended;
    clearTimeout(timer);
  }
}

function answer(line) {
  if (line.startsWith('{')) {
    const { target, status } = JSON.parse(line);
    return status && { target, status };
  }
  const found = QUOTED.exec(line);
  return found && { target: found[1], status: Number(found[2]) };
}

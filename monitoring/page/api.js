// SPDX-License-Identifier: Apache-2.0
// Asks the job's server, again and again.

const TIMEOUT_MS = 8000;
const RETRY_MS = 5000;

/** The reply of `api/<path>`; throws when there is none. */
export async function ask(path) {
  const reply = await fetch(`api/${path}`, {
    cache: 'no-store',
    credentials: 'omit',
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  if (!reply.ok) throw new Error(`api/${path} answered ${reply.status}`);
  return reply.json();
}

/**
 * Runs `job` every `periodMs`, never twice at once and not while the page is hidden. The time
 * between runs grows up to five seconds while `job` throws, and `failed` is told each time.
 */
export class Poller {
  constructor(periodMs, job, failed = () => {}) {
    this.periodMs = periodMs;
    this.job = job;
    this.failed = failed;
    this.failures = 0;
    this.timer = 0;
    this.running = false;
    document.addEventListener('visibilitychange', () => this.run());
  }

  /** Runs now, then regularly. */
  async run() {
    if (this.running || document.hidden) return;
    this.running = true;
    clearTimeout(this.timer);
    try {
      await this.job();
      this.failures = 0;
    } catch (error) {
      this.failures += 1;
      this.failed(error, this.failures);
    }
    this.running = false;
    const wait = this.failures ? Math.max(this.periodMs, this.backoff()) : this.periodMs;
    this.timer = setTimeout(() => this.run(), wait);
  }

  backoff() {
    return Math.min(RETRY_MS, 1000 * 2 ** (this.failures - 1));
  }
}

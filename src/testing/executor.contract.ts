/** What every Executor must do. An engine that lacks something says so in `caps`; the suite asks the flag, never the name. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AttemptSpec, AttemptState, Executor } from '../ports/executor.ts';

export interface ExecutorBench {
  readonly executor: Executor;
  /** A second instance over the same place, as another server would open it. */
  open(): Promise<Executor>;
  /** Stores text and returns its digest, for input files. */
  blob(text: string): Promise<string>;
  /** Submits from a process of its own and kills that with SIGKILL right after. */
  submitAndDie(spec: AttemptSpec): Promise<void>;
  /** Command lines of living processes that hold this text. */
  processes(text: string): Promise<readonly string[]>;
  /** Bytes on disk of everything that is kept for an attempt. */
  bytesKept(attemptId: string): Promise<number>;
  close(): Promise<void>;
}

/** Makes the command lines of this test run its own: the machine may run another one beside it. */
const OWN = process.pid;

type Exited = Extract<AttemptState, { state: 'exited' }>;

/** `open` makes a fresh bench; `path` is the PATH that holds sh, cat, sleep, yes, head and mkfifo. */
export function executorContract(engine: string, open: () => Promise<ExecutorBench>, path: string): void {
  describe(`Executor: ${engine}`, () => {
    let bench: ExecutorBench;
    let count = 0;
    beforeAll(async () => {
      bench = await open();
    });
    afterAll(() => bench.close());

    function spec(script: string, rest: Partial<AttemptSpec> = {}): AttemptSpec {
      count += 1;
      return {
        attemptId: `run-1.step.${count}`,
        argv: ['sh', '-c', script],
        env: { PATH: path },
        files: [],
        timeoutMs: 20_000,
        logLimitBytes: 1 << 20,
        diskLimitBytes: 1 << 30,
        ...rest,
      };
    }

    async function end(id: string, executor: Executor = bench.executor): Promise<AttemptState> {
      for (;;) {
        const state = await executor.status(id);
        if (state.state !== 'running') return state;
        await executor.wait(id, 200);
      }
    }

    async function run(script: string, rest: Partial<AttemptSpec> = {}): Promise<Exited & { readonly id: string }> {
      const one = spec(script, rest);
      await bench.executor.submit(one);
      const state = await end(one.attemptId);
      if (state.state !== 'exited') throw new Error(`the attempt is ${state.state}`);
      return { ...state, id: one.attemptId };
    }

    async function wholeLog(id: string): Promise<string> {
      let text = '';
      for (let offset = 0; ; ) {
        const read = await bench.executor.log(id, offset);
        if (read.next === offset && read.text === '') return text;
        text += read.text;
        offset = read.next;
      }
    }

    it('tells the exit code, the signal, and what was used', async () => {
      expect(await run('exit 0')).toMatchObject({ state: 'exited', exitCode: 0 });
      const three = await run('exit 3');
      expect(three).toMatchObject({ exitCode: 3 });
      expect(three.ended).toBeUndefined();
      expect(three.endedAt).toBeGreaterThanOrEqual(three.startedAt);
      const killed = await run('kill -9 $$');
      expect(killed).toMatchObject({ signal: 'SIGKILL' });
      expect(killed.exitCode).toBeUndefined();
      const busy = await run('i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done');
      if (bench.executor.caps.resources && process.platform === 'linux') {
        expect(busy.cpuSeconds).toBeGreaterThan(0.05);
        expect(busy.peakRssBytes).toBeGreaterThan(100_000);
      }
    });

    it('tells that a program could not be started', async () => {
      const state = await run('', { argv: ['no-such-program-here'] });
      expect(state.startError).toContain('no-such-program-here');
      expect(state.exitCode).toBeUndefined();
    });

    it('gives exactly the variables, an empty input and its own folder', async () => {
      const state = await run('env | sort; cat; pwd', { env: { PATH: path, MINE: 'a b' } });
      const lines = (await wholeLog(state.id)).split('\n').filter((line) => !/^(PWD|OLDPWD|SHLVL|_)=/.test(line));
      expect(lines.slice(0, 2)).toEqual(['MINE=a b', `PATH=${path}`]);
      expect(lines).toHaveLength(4);
    });

    it('lays out files read-only and hands out outputs', async () => {
      const files = [{ path: 'in/data.txt', digest: await bench.blob('hello') }];
      const state = await run('cat in/data.txt > out.txt; mkdir d; ln -s out.txt link.txt', { files });
      expect(state.exitCode).toBe(0);
      expect(await bench.executor.output(state.id, 'out.txt')).toMatch(/out\.txt$/);
      expect(await bench.executor.output(state.id, 'link.txt')).toMatch(/out\.txt$/);
      expect(await bench.executor.output(state.id, 'missing.txt')).toBeUndefined();
      expect(await bench.executor.output(state.id, 'd')).toBeUndefined();
      expect(await bench.executor.list()).toContain(state.id);
      await bench.executor.clean(state.id);
      expect(await bench.executor.output(state.id, 'out.txt')).toBeUndefined();
      expect(await bench.executor.list()).not.toContain(state.id);
      expect(await bench.executor.status(state.id)).toMatchObject({ state: 'exited', exitCode: 0 });
    });

    it('never follows a name or a link out of the folder', async () => {
      const state = await run('ln -s /etc/passwd out.txt; ln -s /etc dir');
      for (const name of [
        '../spec.json',
        '/etc/passwd',
        'a/../../spec.json',
        '',
        '.',
        'a//b',
        'a\0b',
        'a\\b',
        'out.txt',
        'dir/passwd',
      ]) {
        await expect(bench.executor.output(state.id, name), name).rejects.toMatchObject({ code: 'MW-PATH' });
      }
      const files = [{ path: '../../escape.txt', digest: await bench.blob('x') }];
      await expect(bench.executor.submit(spec('true', { files }))).rejects.toMatchObject({ code: 'MW-PATH' });
      await expect(bench.executor.submit({ ...spec('true'), attemptId: '../x' })).rejects.toMatchObject({
        code: 'MW-PATH',
      });
    });

    it('starts an attempt once, however often it is submitted', async () => {
      const one = spec('echo started; sleep 0.2');
      const other = await bench.open();
      await Promise.all([bench.executor.submit(one), bench.executor.submit(one)]);
      await other.submit(one);
      await end(one.attemptId);
      await bench.executor.submit(one);
      await other.submit(one);
      expect(await end(one.attemptId, other)).toMatchObject({ exitCode: 0 });
      expect(await wholeLog(one.attemptId)).toBe('started\n');
    });

    it('cancels so that no process is left, background ones included', async () => {
      const one = spec(`sleep 301.25${OWN} & (sleep 301.25${OWN}; true) & sleep 301.25${OWN}`);
      await bench.executor.submit(one);
      await expect.poll(() => bench.processes(`sleep 301.25${OWN}`), { timeout: 10_000 }).toHaveLength(3);
      await bench.executor.cancel(one.attemptId);
      expect(await bench.processes(`sleep 301.25${OWN}`)).toEqual([]);
      expect(await bench.executor.status(one.attemptId)).toMatchObject({ state: 'exited', ended: 'cancelled' });
      await bench.executor.cancel(one.attemptId);
    });

    it('cancels a program that refuses the polite signal', async () => {
      const one = spec(`trap "echo no" TERM; while true; do sleep 0.31125${OWN}; done`);
      await bench.executor.submit(one);
      await expect.poll(() => bench.processes(`sleep 0.31125${OWN}`), { timeout: 10_000 }).not.toEqual([]);
      await bench.executor.cancel(one.attemptId);
      expect(await bench.executor.status(one.attemptId)).toMatchObject({ ended: 'cancelled', signal: 'SIGKILL' });
      expect(await bench.processes(`sleep 0.31125${OWN}`)).toEqual([]);
      expect(await wholeLog(one.attemptId)).toContain('no');
    });

    it('lets a program clean up at the polite signal', async () => {
      const one = spec('trap "echo bye; exit 7" TERM; echo ready; while true; do sleep 0.05; done');
      await bench.executor.submit(one);
      await expect.poll(() => wholeLog(one.attemptId), { timeout: 10_000 }).toContain('ready');
      await bench.executor.cancel(one.attemptId);
      expect(await bench.executor.status(one.attemptId)).toMatchObject({ ended: 'cancelled', exitCode: 7 });
      expect(await wholeLog(one.attemptId)).toMatch(/^ready\n(?:Terminated\n)?bye\n$/);
    });

    it('ends what a step leaves behind', async () => {
      const state = await run(`sleep 302.25${OWN} & echo done`);
      expect(state.exitCode).toBe(0);
      expect(await bench.processes(`sleep 302.25${OWN}`)).toEqual([]);
    });

    it('stops at the timeout', async () => {
      const state = await run(`echo before; sleep 303.25${OWN}`, { timeoutMs: 300 });
      expect(state).toMatchObject({ ended: 'timeout' });
      expect(state.endedAt - state.startedAt).toBeGreaterThanOrEqual(290);
      expect(await bench.processes(`sleep 303.25${OWN}`)).toEqual([]);
      expect(await wholeLog(state.id)).toBe('before\n');
    });

    it('stops a step that fills the disk', async () => {
      const state = await run(`head -c 60000000 /dev/zero > big; sleep 304.25${OWN}`, { diskLimitBytes: 5_000_000 });
      expect(state).toMatchObject({ ended: 'disk' });
      expect(await bench.processes(`sleep 304.25${OWN}`)).toEqual([]);
    });

    it('shows the log while the step runs, in whole characters', async () => {
      const one = spec(`printf 'caf\\303'; sleep 0.4; printf '\\251 two\\n'; sleep 0.2; echo err >&2`);
      await bench.executor.submit(one);
      await expect.poll(async () => (await bench.executor.log(one.attemptId, 0)).text, { timeout: 10_000 }).toBe('caf');
      await end(one.attemptId);
      expect(await wholeLog(one.attemptId)).toBe('café two\nerr\n');
      expect((await bench.executor.log(one.attemptId, -4)).text).toBe('err\n');
      expect((await bench.executor.log(one.attemptId, 5)).text).toBe(' two\nerr\n');
      const none = await bench.executor.log('run-1.never.1', 0);
      expect(none).toEqual({ text: '', next: 0 });
    });

    it('bounds what a flood of output leaves, keeps head and tail, and lets the step go on', async () => {
      const started = performance.now();
      const state = await run(
        'echo the-head; yes 0123456789abcdef | head -c 100000000; echo the-tail; echo ok > out.txt',
        {
          timeoutMs: 60_000,
        },
      );
      expect(state).toMatchObject({ exitCode: 0 });
      expect(await bench.executor.output(state.id, 'out.txt')).toBeDefined();
      expect(await bench.bytesKept(state.id)).toBeLessThan(1.2 * (1 << 20));
      const text = await wholeLog(state.id);
      expect(text.startsWith('the-head\n')).toBe(true);
      expect(text.endsWith('the-tail\n')).toBe(true);
      expect(text).toMatch(/\[[\d,]{10,} bytes of output were cut here\]/);
      expect(performance.now() - started).toBeLessThan(45_000);
    });

    it('notes lines of the server in the same log', async () => {
      await bench.executor.note('run-1.data:x.1', 'one\n');
      await bench.executor.note('run-1.data:x.1', 'two\n');
      expect(await bench.executor.log('run-1.data:x.1', 0)).toEqual({ text: 'one\ntwo\n', next: 8 });
      expect(await bench.executor.status('run-1.data:x.1')).toEqual({ state: 'unknown' });
    });

    it('goes on when the server is killed, and another server sees the end', async () => {
      const one = spec('echo begun; sleep 1; echo ended; echo made > out.txt; exit 5');
      await bench.submitAndDie(one);
      const other = await bench.open();
      await other.submit(one);
      expect(await other.status(one.attemptId)).toMatchObject({ state: 'running' });
      expect(await end(one.attemptId, other)).toMatchObject({ exitCode: 5 });
      expect(await wholeLog(one.attemptId)).toBe('begun\nended\n');
      expect(await other.output(one.attemptId, 'out.txt')).toBeDefined();
    });

    it('lets another server cancel', async () => {
      const one = spec(`sleep 305.25${OWN}`);
      await bench.submitAndDie(one);
      const other = await bench.open();
      await expect.poll(() => bench.processes(`sleep 305.25${OWN}`), { timeout: 10_000 }).not.toEqual([]);
      await other.cancel(one.attemptId);
      expect(await other.status(one.attemptId)).toMatchObject({ ended: 'cancelled' });
      expect(await bench.processes(`sleep 305.25${OWN}`)).toEqual([]);
    });

    it('knows nothing of an attempt that was never submitted', async () => {
      expect(await bench.executor.status('run-9.x.1')).toEqual({ state: 'unknown' });
      await bench.executor.cancel('run-9.x.1');
      expect(await bench.executor.status('run-9.x.1')).toEqual({ state: 'unknown' });
    });
  });
}

/** What machine this is. Every reading may be absent: what is not known is left out, never guessed. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { arch, availableParallelism, cpus, release, totalmem, type } from 'node:os';
import type { HostFacts } from '../../domain/environments.ts';

const read = (path: string): Promise<string> => readFile(path, 'utf8').catch(() => '');

function output(program: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    execFile(program, [...args], { timeout: 10_000, maxBuffer: 1024 * 1024 }, (error, stdout, stderr) => {
      // musl's ldd prints its version to stderr and exits 1.
      resolve(error !== null && stdout === '' && stderr === '' ? '' : `${stdout}\n${stderr}`);
    });
  });
}

async function operatingSystem(): Promise<string> {
  const pretty = /^PRETTY_NAME="?([^"\n]*)"?$/m.exec(await read('/etc/os-release'))?.[1];
  if (pretty !== undefined && pretty !== '') return pretty;
  if (process.platform === 'darwin') {
    const version = (await output('sw_vers', ['-productVersion'])).trim();
    if (version !== '') return `macOS ${version}`;
  }
  return `${type()} ${release()}`;
}

async function libc(): Promise<string | undefined> {
  if (process.platform !== 'linux') return undefined;
  const said = await output('ldd', ['--version']);
  const musl = /musl libc[\s\S]*?Version (\S+)/.exec(said)?.[1];
  if (musl !== undefined) return `musl ${musl}`;
  const glibc = /^ldd .*?(\d+\.\d+)\s*$/m.exec(said)?.[1];
  return glibc === undefined ? undefined : `glibc ${glibc}`;
}

async function gpus(): Promise<HostFacts['gpus']> {
  const text = await output('nvidia-smi', [
    '--query-gpu=name,driver_version,memory.total',
    '--format=csv,noheader,nounits',
  ]);
  return text.split('\n').flatMap((line) => {
    const [name, driver, memory] = line.split(',').map((cell) => cell.trim());
    // Anything but three cells with a number is a message ("has failed because …"), not a card.
    return name !== undefined && driver !== undefined && memory !== undefined && /^\d+$/.test(memory)
      ? [{ name, driver, memoryMiB: Number(memory) }]
      : [];
  });
}

export async function readHostFacts(): Promise<HostFacts> {
  const [os, cpuinfo, c, cards] = await Promise.all([operatingSystem(), read('/proc/cpuinfo'), libc(), gpus()]);
  const flags = /^(?:flags|Features)\s*:\s*(.*)$/m.exec(cpuinfo)?.[1];
  return {
    os,
    kernel: release(),
    arch: arch(),
    ...(c === undefined ? {} : { libc: c }),
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cpuFlags: flags === undefined ? [] : flags.trim().split(/\s+/).sort(),
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    gpus: cards,
  };
}

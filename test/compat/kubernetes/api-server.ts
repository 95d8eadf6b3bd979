/** A real API server with its etcd, without nodes: it validates, defaults and keeps objects, and starts no pod. */
import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../free-port.ts';

export interface ApiServer {
  readonly kubeconfig: string;
  stop(): Promise<void>;
}

function programOf(name: string, variable: string): string | undefined {
  const given = process.env[variable];
  if (given !== undefined) return given;
  try {
    return execFileSync('which', [name], { encoding: 'utf8' }).trim();
  } catch {
    return undefined;
  }
}

export const programs = (): { readonly etcd: string; readonly server: string } | undefined => {
  const [etcd, server] = [programOf('etcd', 'MW_TEST_ETCD'), programOf('kube-apiserver', 'MW_TEST_KUBE_APISERVER')];
  return etcd === undefined || server === undefined ? undefined : { etcd, server };
};

const kubeconfigText = (port: number): string => `apiVersion: v1
kind: Config
current-context: test
clusters: [{ name: test, cluster: { server: 'https://127.0.0.1:${port}', insecure-skip-tls-verify: true } }]
users: [{ name: admin, user: { token: test-token } }]
contexts: [{ name: test, context: { cluster: test, user: admin } }]
`;

/** Throws with the server's last words when it is not ready in a minute. */
export async function startApiServer(found: { readonly etcd: string; readonly server: string }): Promise<ApiServer> {
  const folder = mkdtempSync(join(tmpdir(), 'mw-kube-'));
  const [client, peer, secure] = [await freePort(), await freePort(), await freePort()];
  const children: ChildProcess[] = [];
  let said = '';
  const start = (command: string, args: readonly string[]): void => {
    const child = spawn(command, [...args], { stdio: ['ignore', 'ignore', 'pipe'] });
    child.stderr.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-3000)));
    children.push(child);
  };
  const stop = async (): Promise<void> => {
    const ends = children
      .filter((child) => child.exitCode === null)
      .map((child) => new Promise((resolve) => child.once('exit', resolve)));
    for (const child of children.toReversed()) child.kill('SIGKILL');
    await Promise.all(ends);
    rmSync(folder, { recursive: true, force: true });
  };
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text, { mode: 0o600 });
    return join(folder, name);
  };
  const kubeconfig = file('kubeconfig', kubeconfigText(secure));
  start(found.etcd, [
    `--data-dir=${join(folder, 'etcd')}`,
    `--listen-client-urls=http://127.0.0.1:${client}`,
    `--advertise-client-urls=http://127.0.0.1:${client}`,
    `--listen-peer-urls=http://127.0.0.1:${peer}`,
  ]);
  start(found.server, [
    `--etcd-servers=http://127.0.0.1:${client}`,
    '--bind-address=127.0.0.1',
    `--secure-port=${secure}`,
    `--cert-dir=${folder}`,
    '--authorization-mode=AlwaysAllow',
    `--token-auth-file=${file('tokens.csv', 'test-token,admin,1,"system:masters"\n')}`,
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-signing-key-file=${file('sa.key', privateKey.export({ type: 'pkcs8', format: 'pem' }))}`,
    `--service-account-key-file=${file('sa.pub', publicKey.export({ type: 'spki', format: 'pem' }))}`,
    '--service-cluster-ip-range=10.0.0.0/24',
    '--disable-admission-plugins=ServiceAccount',
  ]);
  const { KubeConfig, CoreV1Api } = await import('@kubernetes/client-node');
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  const core = config.makeApiClient(CoreV1Api);
  for (let tries = 0; ; tries += 1) {
    const up = await core.listNamespace().then(
      () => true,
      () => false,
    );
    if (up) break;
    if (tries > 240 || children.some((child) => child.exitCode !== null)) {
      await stop();
      throw new Error(`the API server did not start: ${said}`);
    }
    await sleep(250);
  }
  await core.createNamespace({ body: { metadata: { name: 'ml' } } });
  return { kubeconfig, stop };
}

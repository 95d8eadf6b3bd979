/** Addresses that carry their own permission: what may be done, until when, and a signature that only this server can make. */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { errnoOf } from './coded-error.ts';
import { writeFileDurable } from './durable-file.ts';

export interface Signed {
  /** Seconds since the epoch. */
  readonly expires: number;
  readonly signature: string;
}

export interface Signer {
  sign(what: readonly string[], seconds: number): Signed;
  /** False for another thing, another key, a changed end, or an end that is past. */
  holds(what: readonly string[], signed: Signed): boolean;
}

const KEY_BYTES = 32;

/** The key in the file, made at the first call and readable by its owner only. */
export async function signingKey(path: string): Promise<Uint8Array> {
  try {
    const key = await readFile(path);
    if (key.byteLength === KEY_BYTES) return new Uint8Array(key);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
  const key = new Uint8Array(randomBytes(KEY_BYTES));
  await writeFileDurable(path, key);
  return key;
}

export function createSigner(key: Uint8Array, now: () => number): Signer {
  const signatureOf = (what: readonly string[], expires: number): Buffer =>
    createHmac('sha256', key)
      .update(JSON.stringify([...what, expires]))
      .digest();
  return {
    sign(what, seconds) {
      const expires = Math.floor(now() / 1000) + seconds;
      return { expires, signature: signatureOf(what, expires).toString('base64url') };
    },
    holds(what, { expires, signature }) {
      if (!Number.isSafeInteger(expires) || expires * 1000 < now()) return false;
      const given = Buffer.from(signature, 'base64url');
      const wanted = signatureOf(what, expires);
      return given.byteLength === wanted.byteLength && timingSafeEqual(given, wanted);
    },
  };
}

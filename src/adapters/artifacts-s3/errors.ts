/** What S3 services answer, as errors a person can act on. */
import { MillwrightError } from '../../domain/errors.ts';

interface ServiceError {
  readonly name?: string;
  readonly message?: string;
  readonly code?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

const asService = (error: unknown): ServiceError => (typeof error === 'object' && error !== null ? error : {});

/** The object is not there. A service that may not list answers 403 instead, which is not taken for it. */
export function isMissing(error: unknown): boolean {
  const { name, $metadata } = asService(error);
  return name === 'NotFound' || name === 'NoSuchKey' || ($metadata?.httpStatusCode === 404 && name !== 'NoSuchBucket');
}

const REFUSED = new Set([
  'AccessDenied',
  'InvalidAccessKeyId',
  'SignatureDoesNotMatch',
  'ExpiredToken',
  'Forbidden',
  '403',
]);

/** Our own errors pass; everything a service or the way to it says becomes MW-UNAVAILABLE or MW-CONFIG-VALUE. Keys are never in it. */
export function onService(error: unknown, bucket: string): unknown {
  if (error instanceof MillwrightError) return error;
  const { name = '', message = '', code, $metadata } = asService(error);
  const detail = { where: `s3://${bucket}`, cause: error };
  if (name === 'NoSuchBucket') {
    return new MillwrightError('MW-CONFIG-VALUE', `there is no bucket "${bucket}"`, {
      ...detail,
      next: `make it (aws s3 mb s3://${bucket}) or name another`,
    });
  }
  if (name === 'CredentialsProviderError') {
    return new MillwrightError('MW-UNAVAILABLE', 'no keys for the S3 store were found', {
      ...detail,
      next: 'set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile or a role',
    });
  }
  if (REFUSED.has(name) || $metadata?.httpStatusCode === 403) {
    return new MillwrightError('MW-UNAVAILABLE', `the S3 store refused the keys (${name})`, {
      ...detail,
      next: 'the keys need s3:GetObject, PutObject, DeleteObject, ListBucket and AbortMultipartUpload',
    });
  }
  if ($metadata?.httpStatusCode !== undefined || code !== undefined || name === 'TimeoutError') {
    return new MillwrightError('MW-UNAVAILABLE', `the S3 store did not answer: ${message || name || code}`, {
      ...detail,
      next: 'try again; if it stays, check the endpoint',
    });
  }
  return error;
}

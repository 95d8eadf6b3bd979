/** The client of a place in S3: AWS, or another service at an endpoint. Keys come from AWS's own variables, profile or role. */
import { S3Client } from '@aws-sdk/client-s3';
import type { S3Location } from './location.ts';

export function clientOf({ endpoint, region, pathStyle }: S3Location): S3Client {
  return new S3Client({
    forcePathStyle: pathStyle,
    maxAttempts: 5,
    requestHandler: { connectionTimeout: 5_000, socketTimeout: 60_000 },
    ...(endpoint === undefined ? {} : { endpoint }),
    // Services other than AWS ignore it, but a signature needs one.
    ...(region === undefined ? (endpoint === undefined ? {} : { region: 'us-east-1' }) : { region }),
  });
}

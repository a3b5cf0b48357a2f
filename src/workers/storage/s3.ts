/** @file Storage in an S3-compatible object store, for machines that share work. */
import {
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  S3Client,
  S3ServiceException,
} from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import { Readable } from "node:stream";
import { measured } from "./content.ts";
import { checkKey, checkRange, isKey, MissingFileError, type Storage } from "./storage.ts"; // prettier-ignore

/** A multipart upload has at most 10,000 parts: files up to 160 GB, with three parts of each in memory. */
const partSize = 16 * 2 ** 20;
const partsAtOnce = 3;
/** S3's limit of one request. */
const keysAtOnce = 1000;

/**
 * Storage in `s3://bucket` or `s3://bucket/prefix`. Credentials, region and endpoint are found as the AWS SDK finds them
 * (AWS_ACCESS_KEY_ID, AWS_REGION, AWS_ENDPOINT_URL, ~/.aws, the machine's role); an endpoint of one's own is
 * addressed by path. A process killed in the middle of a large write leaves parts that nobody sees: a rule of the bucket's
 * lifecycle (AbortIncompleteMultipartUpload) removes them.
 */
export function openS3(url: string): Storage {
  const { bucket, prefix } = parseUrl(url);
  const { AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL } = process.env;
  const client = new S3Client({
    forcePathStyle: Boolean(AWS_ENDPOINT_URL_S3 ?? AWS_ENDPOINT_URL),
    requestHandler: {
      connectionTimeout: 10_000,
      requestTimeout: 120_000, // of one part
      throwOnRequestTimeout: true,
    },
  });
  const place = { Bucket: bucket };
  const pathOf = (key: string) => prefix + key;

  async function asking<T>(what: string, ask: () => Promise<T>): Promise<T> {
    try {
      return await ask();
    } catch (error) {
      throw explained(error, `storage: ${url}: cannot ${what}`);
    }
  }

  const write: Storage["write"] = async (key, content, { signal } = {}) => {
    checkKey(key);
    const { chunks, stored } = measured(content, signal);
    let failed: { readonly error: unknown } | undefined;
    const body = Readable.from(
      (async function* () {
        try {
          yield* chunks;
        } catch (error) {
          failed = { error };
          throw error;
        }
      })(),
    );
    // The abort comes as an error of the body, and not as the upload's own: that one rejects while requests still run,
    // and a file could appear afterwards.
    const upload = new Upload({
      client,
      params: { ...place, Key: pathOf(key), Body: body },
      partSize,
      queueSize: partsAtOnce,
    });
    await asking(`write ${key}`, () => upload.done()).catch(
      (error: unknown) => {
        throw failed ? failed.error : error;
      },
    );
    return stored();
  };

  async function size(key: string): Promise<number | null> {
    checkKey(key);
    try {
      const head = new HeadObjectCommand({ ...place, Key: pathOf(key) });
      return (await client.send(head)).ContentLength ?? 0;
    } catch (error) {
      if (isNamed(error, "NoSuchKey", "NotFound")) return null;
      throw explained(error, `storage: ${url}: cannot look for ${key}`);
    }
  }

  async function* under(folder: string): AsyncGenerator<string[]> {
    for (let token: string | undefined; ;) {
      const page = await asking(`list ${folder}`, () =>
        client.send(
          new ListObjectsV2Command({
            ...place,
            Prefix: `${pathOf(folder)}/`,
            ...(token === undefined ? {} : { ContinuationToken: token }),
          }),
        ),
      );
      yield (page.Contents ?? []).map(({ Key = "" }) =>
        Key.slice(prefix.length),
      );
      if (!page.IsTruncated) return;
      token = page.NextContinuationToken;
    }
  }

  async function removeAll(keys: readonly string[]): Promise<void> {
    for (let from = 0; from < keys.length; from += keysAtOnce) {
      const part = keys.slice(from, from + keysAtOnce);
      const { Errors = [] } = await asking(`remove ${part[0]}`, () =>
        client.send(
          new DeleteObjectsCommand({
            ...place,
            Delete: {
              Objects: part.map((key) => ({ Key: pathOf(key) })),
              Quiet: true,
            },
          }),
        ),
      );
      if (Errors.length > 0)
        throw new Error(
          `storage: ${url}: cannot remove ${Errors.length} of ${part.length} files, the first ${Errors[0].Key ?? ""}: ${Errors[0].Message ?? Errors[0].Code ?? "no reason given"}`,
        );
    }
  }

  return {
    write,

    async read(key, range = {}) {
      checkKey(key);
      const { start, end } = checkRange(range, key);
      if (start >= end) {
        if ((await size(key)) === null) throw missing(key);
        return Readable.from([]);
      }
      const last = end === Infinity ? "" : end - 1;
      try {
        const { Body } = await client.send(
          new GetObjectCommand({
            ...place,
            Key: pathOf(key),
            ...(start > 0 || last !== ""
              ? { Range: `bytes=${start}-${last}` }
              : {}),
          }),
        );
        return Body as Readable;
      } catch (error) {
        if (isNamed(error, "NoSuchKey", "NotFound")) throw missing(key);
        // The file ends before `start`.
        if (isNamed(error, "InvalidRange")) return Readable.from([]);
        throw explained(error, `storage: ${url}: cannot read ${key}`);
      }
    },

    size,

    async list(folder) {
      checkKey(folder);
      const keys: string[] = [];
      for await (const page of under(folder)) keys.push(...page.filter(isKey));
      return keys.sort();
    },

    async remove(keyOrPrefix) {
      checkKey(keyOrPrefix);
      await removeAll([keyOrPrefix]);
      for await (const page of under(keyOrPrefix)) await removeAll(page);
    },

    async ping() {
      // Always the same file: machines may overwrite each other's.
      await write(".ping", new Uint8Array());
    },
  };
}

const missing = (key: string) =>
  new MissingFileError(`storage: there is no file ${key}`);

const isNamed = (error: unknown, ...names: readonly string[]): boolean =>
  error instanceof S3ServiceException && names.includes(error.name);

/** The error as one sentence; those of a connection that was refused at several addresses have no message of their own. */
function explained(error: unknown, sentence: string): Error {
  const { message, code, name } = error as NodeJS.ErrnoException;
  return new Error(`${sentence}: ${message || code || name}`, { cause: error });
}

function parseUrl(url: string): {
  readonly bucket: string;
  readonly prefix: string;
} {
  const [, bucket, prefix] =
    /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*?))?\/?$/.exec(url) ??
    [];
  if (bucket === undefined || (prefix && !isKey(prefix)))
    throw new RangeError(
      `storage: expected s3://bucket or s3://bucket/prefix, got ${JSON.stringify(url)}`,
    );
  return { bucket, prefix: prefix ? `${prefix}/` : "" };
}

/** The codecs of tensors and messages: what goes in comes out, also through the schema's own (de)serializers; what is no request is refused with a code. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MillwrightError } from '../../domain/errors.ts';
import { DATATYPE_BYTES, emptyData, halfToNumber, storageOver } from '../../domain/tensor-data.ts';
import type { Datatype, Tensor } from '../../domain/tensors.ts';
import { callOptions, retryAfterSeconds } from './call-options.ts';
import { inferenceService } from './grpc.ts';
import { inferCallOf, readInferRequest, writeInferResponse, writeStreamError } from './grpc-messages.ts';
import { encodeAnswer } from './infer-answer.ts';
import { parseInfer } from './infer-request.ts';
import { checkDepth, parseBody } from './json-body.ts';
import { dataToJson, tensorFromJson } from './json-tensor.ts';
import { rawOf, rawRequest, tensorFromRaw } from './raw-tensor.ts';

const NUMERIC: readonly Exclude<Datatype, 'BYTES'>[] = [
  'BOOL',
  'UINT8',
  'UINT16',
  'UINT32',
  'UINT64',
  'INT8',
  'INT16',
  'INT32',
  'INT64',
  'FP16',
  'BF16',
  'FP32',
  'FP64',
];
const HALVES: ReadonlySet<string> = new Set(['FP16', 'BF16']);

const shapes = fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 3 });
const count = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

/** Any bits, but a BOOL's are 0 or 1. */
const numeric: fc.Arbitrary<Tensor> = fc.tuple(fc.constantFrom(...NUMERIC), shapes).chain(([datatype, shape]) =>
  fc
    .uint8Array({
      minLength: count(shape) * DATATYPE_BYTES[datatype],
      maxLength: count(shape) * DATATYPE_BYTES[datatype],
    })
    .map((bytes) => {
      const own = new ArrayBuffer(bytes.length);
      new Uint8Array(own).set(datatype === 'BOOL' ? bytes.map((byte) => byte & 1) : bytes);
      return { name: 'x', datatype, shape, data: storageOver(datatype, own) };
    }),
);
const texts: fc.Arbitrary<Tensor> = shapes.chain((shape) =>
  fc
    .array(fc.string({ unit: 'binary' }), { minLength: count(shape), maxLength: count(shape) })
    .map((data): Tensor => ({ name: 'x', datatype: 'BYTES', shape, data })),
);
const tensors = fc.oneof(numeric, texts);
/** NaN has many bit patterns; JSON has none of them. */
const finite = ({ data }: Tensor): boolean =>
  ![...data].some((value) => typeof value === 'number' && !Number.isFinite(value));

/** Same bits. */
const same = (a: Tensor, b: Tensor): void => {
  expect([b.datatype, b.shape]).toEqual([a.datatype, a.shape]);
  expect(rawOf(b).equals(rawOf(a))).toBe(true);
};

const code = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    if (error instanceof MillwrightError) return error.code;
    throw error;
  }
  return 'none';
};

describe('raw bytes', () => {
  test('every tensor comes back with the same bits', () => {
    fc.assert(
      fc.property(tensors, (tensor) => {
        same(tensor, tensorFromRaw('x', tensor.datatype, tensor.shape, rawOf(tensor)));
      }),
    );
  });

  test('bytes of any other length are refused', () => {
    fc.assert(
      fc.property(numeric, fc.integer({ min: 1, max: 9 }), (tensor, more) => {
        const bytes = Buffer.concat([rawOf(tensor), Buffer.alloc(more)]);
        expect(code(() => tensorFromRaw('x', tensor.datatype, tensor.shape, bytes))).toBe('MW-TENSOR');
      }),
    );
  });

  test('a text that is no UTF-8 is refused and named, never changed; the replacement character itself is a text', () => {
    const element = (bytes: readonly number[]): Buffer => Buffer.from([bytes.length, 0, 0, 0, ...bytes]);
    const good = element([0x41]);
    const body = Buffer.concat([good, element([0xff, 0xfe])]);
    expect(() => tensorFromRaw('s', 'BYTES', [2], body)).toThrow(/element 1 of "s" is not UTF-8/);
    expect(tensorFromRaw('s', 'BYTES', [1], element([0xef, 0xbf, 0xbd])).data).toEqual(['\uFFFD']);
  });

  test('the only input without JSON: one free dimension takes what there is, a text is one element', () => {
    const of = (datatype: string, shape: readonly number[]) => ({
      inputs: [{ name: 'x', datatype, shape }],
      outputs: [],
    });
    expect(rawRequest(of('FP32', [-1, 2]), Buffer.alloc(24)).shape).toEqual([3, 2]);
    expect(rawRequest(of('FP32', [-1, -1]), Buffer.alloc(24)).shape).toEqual([1, 6]);
    expect(rawRequest(of('BYTES', [-1, 1]), Buffer.from('žluť')).data).toEqual(['žluť']);
    expect(code(() => rawRequest(of('FP32', [-1, 2]), Buffer.alloc(20)))).toBe('MW-TENSOR');
    expect(
      code(() =>
        rawRequest({ inputs: [...of('FP32', [1]).inputs, ...of('FP32', [1]).inputs], outputs: [] }, Buffer.alloc(4)),
      ),
    ).toBe('MW-TENSOR');
  });
});

describe('JSON', () => {
  test('every tensor that has a form in JSON comes back with the same bits, except the sign of zero', () => {
    fc.assert(
      fc.property(
        tensors.filter((tensor) => !HALVES.has(tensor.datatype) && finite(tensor)),
        ({ datatype, shape, data }) => {
          const text = `{"inputs":[{"name":"x","datatype":"${datatype}","shape":[${shape.join(',')}],"data":${dataToJson({ name: 'x', datatype, shape, data })}}]}`;
          const { inputs } = parseInfer(Buffer.from(text), undefined).call;
          const [back] = typeof inputs === 'function' ? [] : inputs;
          expect(back?.shape).toEqual(shape);
          expect([...(back?.data ?? [])].map((value) => (value === 0 ? 0 : value))).toEqual(
            [...data].map((value) => (value === 0 ? 0 : value)),
          );
        },
      ),
    );
  });

  test('nested lists and flat ones are the same tensor', () => {
    expect(
      tensorFromJson(
        'x',
        'FP32',
        [2, 2],
        [
          [1, 2],
          [3, 4],
        ],
      ),
    ).toEqual(tensorFromJson('x', 'FP32', [2, 2], [1, 2, 3, 4]));
    expect(
      code(() =>
        tensorFromJson(
          'x',
          'FP32',
          [4],
          [
            [1, 2],
            [3, 4],
          ],
        ),
      ),
    ).toBe('MW-TENSOR');
  });

  test.each([
    ['FP16', [1]],
    ['BF16', [1]],
    ['FP32', [1e39]],
    ['FP64', [Number.POSITIVE_INFINITY]],
    ['INT64', [2 ** 53]],
    ['INT64', [2n ** 63n]],
    ['UINT64', [-1]],
    ['INT8', [128]],
    ['BOOL', [2]],
    ['BYTES', [1]],
    ['BYTES', ['\ud800']],
    ['FP32', [{}]],
    ['FP32', [[]]],
  ] as const)('%s does not take %o', (datatype, values) => {
    expect(code(() => tensorFromJson('x', datatype, [1], values))).toBe('MW-TENSOR');
  });

  test('nesting is bounded whatever stands in the texts, and so is the number of lists', () => {
    expect(code(() => checkDepth(Buffer.from('['.repeat(65)), 64))).toBe('MW-BODY-TOO-DEEP');
    expect(code(() => checkDepth(Buffer.from(`["${'['.repeat(5000)}"]`), 64))).toBe('none');
    expect(code(() => checkDepth(Buffer.from(`["\\"${'[{'.repeat(3000)}"]`), 64))).toBe('none');
    expect(code(() => checkDepth(Buffer.from(`[${'[],'.repeat(1_000_001)}0]`), 64))).toBe('MW-BODY-TOO-LARGE');
    fc.assert(
      fc.property(fc.json({ maxDepth: 6 }), (text) => {
        expect(code(() => checkDepth(Buffer.from(text), 8))).toBe('none');
      }),
    );
  });

  test('what Python writes for missing numbers is explained; bytes that are no text are refused', () => {
    expect(() => parseBody(Buffer.from('{"data":[NaN]}'), 8)).toThrow(MillwrightError);
    try {
      parseBody(Buffer.from('{"data":[1.0, NaN]}'), 8);
    } catch (error) {
      expect(error).toMatchObject({ code: 'MW-INVALID', next: expect.stringContaining('null') });
    }
    expect(code(() => parseBody(Buffer.from([0x22, 0xff, 0x22]), 8))).toBe('MW-INVALID');
  });
});

describe('an infer body', () => {
  test('whatever comes, it is a request or a coded refusal', () => {
    const value = fc.anything({ withBigInt: false, maxDepth: 3 }).map((some) => JSON.stringify(some) ?? 'null');
    const field = fc.constantFrom(
      'name',
      'datatype',
      'shape',
      'data',
      'parameters',
      'id',
      'inputs',
      'outputs',
      '__proto__',
    );
    const object = fc
      .array(fc.tuple(field, value), { maxLength: 6 })
      .map((entries) => `{${entries.map(([name, text]) => `"${name}":${text}`).join(',')}}`);
    const tensor = fc
      .tuple(value, fc.constantFrom(...NUMERIC, 'BYTES', 'STRING'), value, value)
      .map(
        ([name, datatype, shape, data]) => `{"name":${name},"datatype":"${datatype}","shape":${shape},"data":${data}}`,
      );
    const body = fc.oneof(
      object,
      fc
        .tuple(fc.array(fc.oneof(tensor, object), { maxLength: 3 }), object)
        .map(([inputs, parameters]) => `{"inputs":[${inputs.join(',')}],"parameters":${parameters}}`),
      fc.string(),
    );
    fc.assert(
      fc.property(
        body,
        fc.option(fc.oneof(fc.nat(100).map(String), fc.string()), { nil: undefined }),
        (text, length) => {
          const found = code(() => parseInfer(Buffer.from(text), length));
          expect(['none', 'MW-INVALID', 'MW-TENSOR', 'MW-BODY-TOO-DEEP', 'MW-UNSUPPORTED']).toContain(found);
        },
      ),
      { numRuns: 500 },
    );
  });

  test('shapes whose product is beyond all numbers take no memory', () => {
    const body = (shape: readonly number[], more: string): Buffer =>
      Buffer.from(`{"inputs":[{"name":"x","datatype":"FP32","shape":${JSON.stringify(shape)},${more}}]}`);
    const huge = Array.from({ length: 60 }, () => Number.MAX_SAFE_INTEGER);
    for (const shape of [[2 ** 31, 2 ** 31], huge, [...huge, 0], [1e300]]) {
      expect(['MW-TENSOR', 'MW-INVALID']).toContain(code(() => parseInfer(body(shape, '"data":[1]'), undefined)));
      const raw = body(shape, '"parameters":{"binary_data_size":4}');
      expect(['MW-TENSOR', 'MW-INVALID']).toContain(
        code(() => parseInfer(Buffer.concat([raw, Buffer.alloc(4)]), String(raw.length))),
      );
    }
  });

  test('the wish for binary outputs: for all, for one, and against one', () => {
    const parse = (more: object) =>
      parseInfer(
        Buffer.from(JSON.stringify({ inputs: [{ name: 'x', datatype: 'FP32', shape: [1], data: [1] }], ...more })),
        undefined,
      );
    expect(parse({}).binary('a')).toBe(false);
    expect(parse({ parameters: { binary_data_output: true } }).binary('a')).toBe(true);
    const mixed = parse({
      parameters: { binary_data_output: true },
      outputs: [{ name: 'a', parameters: { binary_data: false } }, { name: 'b' }],
    });
    expect([mixed.binary('a'), mixed.binary('b'), mixed.call.outputs]).toEqual([false, true, ['a', 'b']]);
    expect(code(() => parse({ outputs: [{ name: 'a', parameters: { classification: 3 } }] }))).toBe('MW-UNSUPPORTED');
    expect(code(() => parse({ outputs: [{ name: 'a', parameters: { shared_memory_region: 'r' } }] }))).toBe(
      'MW-UNSUPPORTED',
    );
  });

  test('schedule_policy: 1 is the first of nine, 5 and 0 are ordinary; a timeout is in microseconds', () => {
    expect([1, 5, 9, 400].map((priority) => callOptions({ priority }).priority)).toEqual([4, 0, -4, -4]);
    expect(callOptions({ priority: 0, timeout: 0 })).toEqual({});
    expect(callOptions({ timeout: '2500' })).toEqual({ timeoutMs: 2.5 });
    for (const wrong of [{ priority: 'high' }, { priority: -1 }, { timeout: true }, { timeout: {} }, { sticky_key: 3 }])
      expect(code(() => callOptions(wrong))).toBe('MW-INVALID');
  });

  test('when to ask again is a whole number of seconds, at least one, and only where it helps', () => {
    const after = (kind: 'MW-OVERLOADED' | 'MW-TENSOR' | 'MW-UNAVAILABLE', retryAfterMs?: number) =>
      retryAfterSeconds(new MillwrightError(kind, '', retryAfterMs === undefined ? {} : { retryAfterMs }));
    expect([
      after('MW-OVERLOADED', 20),
      after('MW-OVERLOADED', 1001),
      after('MW-UNAVAILABLE'),
      after('MW-TENSOR', 5),
    ]).toEqual([1, 2, 1, undefined]);
  });
});

test('halves are what the standards say', () => {
  expect([0x3c00, 0xc000, 0x0001, 0x7bff, 0x8000].map((bits) => halfToNumber(bits, 'FP16'))).toEqual([
    1,
    -2,
    2 ** -24,
    65504,
    -0,
  ]);
  expect([0x3f80, 0xc040, 0x7f80].map((bits) => halfToNumber(bits, 'BF16'))).toEqual([1, -3, Number.POSITIVE_INFINITY]);
  expect(halfToNumber(0x7e00, 'FP16')).toBeNaN();
});

describe('gRPC messages against the schema', () => {
  const method = inferenceService().service['ModelInfer'];
  const written = (request: object): Buffer => method?.requestSerialize(request) ?? Buffer.alloc(0);
  const FIELDS: Readonly<Record<string, string>> = {
    BOOL: 'bool_contents',
    INT8: 'int_contents',
    INT16: 'int_contents',
    INT32: 'int_contents',
    INT64: 'int64_contents',
    UINT8: 'uint_contents',
    UINT16: 'uint_contents',
    UINT32: 'uint_contents',
    UINT64: 'uint64_contents',
    FP32: 'fp32_contents',
    FP64: 'fp64_contents',
    BYTES: 'bytes_contents',
  };
  const elements = ({ data, datatype }: Tensor): unknown[] =>
    Array.from(data as readonly (string | number | bigint)[], (value) =>
      datatype === 'BYTES'
        ? Buffer.from(String(value))
        : datatype === 'BOOL'
          ? value !== 0
          : typeof value === 'bigint'
            ? String(value)
            : value,
    );

  test('raw and typed contents are read as they were written', () => {
    fc.assert(
      fc.property(tensors, fc.boolean(), (tensor, typed) => {
        const { name, datatype, shape } = tensor;
        const field = typed ? FIELDS[datatype] : undefined;
        const input = {
          name,
          datatype,
          shape,
          ...(field === undefined ? {} : { contents: { [field]: elements(tensor) } }),
        };
        const request = written({
          model_name: 'm',
          model_version: '3',
          id: 'é',
          parameters: {
            priority: { uint64_param: '1' },
            timeout: { int64_param: '2000' },
            sticky_key: { string_param: 'k' },
          },
          inputs: [input],
          outputs: [{ name: 'y' }],
          ...(field === undefined ? { raw_input_contents: [rawOf(tensor)] } : {}),
        });
        const call = inferCallOf(readInferRequest(request));
        expect(call).toMatchObject({
          endpoint: 'm',
          version: 3,
          id: 'é',
          priority: 4,
          timeoutMs: 2,
          stickyKey: 'k',
          outputs: ['y'],
        });
        const [back] = call.inputs as readonly Tensor[];
        if (back === undefined) throw new Error('no input');
        if (field !== undefined && !finite(tensor)) return;
        same(tensor, back);
      }),
    );
  });

  test('answers are read by the schema as they were meant', () => {
    fc.assert(
      fc.property(tensors, fc.boolean(), (tensor, raw) => {
        const bytes = writeInferResponse(
          { id: 'a', endpoint: 'm', version: 12, releaseId: 'r', outputs: [tensor] },
          raw,
        );
        const answer = method?.responseDeserialize(bytes) as {
          model_version: string;
          outputs: { shape: string[]; contents: Record<string, unknown[]> | null }[];
          raw_output_contents: Buffer[];
        };
        expect([answer.model_version, answer.outputs[0]?.shape]).toEqual(['12', tensor.shape.map(String)]);
        if (raw || HALVES.has(tensor.datatype)) expect(answer.raw_output_contents[0]?.equals(rawOf(tensor))).toBe(true);
        else expect(answer.outputs[0]?.contents?.[FIELDS[tensor.datatype] ?? '']).toEqual(elements(tensor));
      }),
    );
  });

  test('bytes that are no message are a coded refusal, never more', () => {
    const good = written({
      model_name: 'm',
      inputs: [{ name: 'x', datatype: 'INT64', shape: [2], contents: { int64_contents: ['1', '-2'] } }],
    });
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 80 }),
          fc.tuple(fc.nat(good.length - 1), fc.nat(255)).map(([at, byte]) => Buffer.from(good).fill(byte, at, at + 1)),
        ),
        (bytes) => {
          expect(['none', 'MW-INVALID', 'MW-TENSOR', 'MW-NOT-FOUND', 'MW-UNSUPPORTED']).toContain(
            code(() => inferCallOf(readInferRequest(Buffer.from(bytes)))),
          );
        },
      ),
      { numRuns: 1000 },
    );
    expect(
      code(() =>
        inferCallOf(
          readInferRequest(
            written({
              model_name: 'm',
              inputs: [{ name: 'x', datatype: 'INT64', shape: [1], contents: { fp32_contents: [1] } }],
            }),
          ),
        ),
      ),
    ).toBe('MW-TENSOR');
    expect(
      code(() =>
        inferCallOf(
          readInferRequest(
            written({
              model_name: 'm',
              inputs: [{ name: 'x', datatype: 'FP16', shape: [1], contents: { fp32_contents: [1] } }],
            }),
          ),
        ),
      ),
    ).toBe('MW-TENSOR');
    expect(
      code(() =>
        inferCallOf(
          readInferRequest(
            written({
              model_name: 'm',
              inputs: [{ name: 'x', datatype: 'FP32', shape: [-1] }],
              raw_input_contents: [Buffer.alloc(4)],
            }),
          ),
        ),
      ),
    ).toBe('MW-TENSOR');
  });

  test('a stream tells which request failed', () => {
    const read = inferenceService().service['ModelStreamInfer']?.responseDeserialize(writeStreamError('no', 'q7'));
    expect(read).toMatchObject({ error_message: 'no', infer_response: { id: 'q7' } });
  });
});

test('an answer over REST: JSON alone, or JSON with its length and the bytes after it in order', () => {
  const outputs: readonly Tensor[] = [
    { name: 'a "quoted" name', datatype: 'FP32', shape: [2], data: Float32Array.of(0.5, Number.NaN) },
    { name: 'n', datatype: 'INT64', shape: [1], data: BigInt64Array.of(-(2n ** 63n)) },
  ];
  const answer = { id: 'i', endpoint: 'm', version: 1, releaseId: 'r', outputs };
  const text = encodeAnswer(answer, () => false);
  expect(text.body).toContain('"data":[0.5,null]');
  expect(text.body).toContain('"data":[-9223372036854775808]');
  const mixed = encodeAnswer(answer, (name) => name === 'n');
  const length = Number(mixed.headers?.['inference-header-content-length']);
  const body = Buffer.from(mixed.body);
  expect(JSON.parse(body.subarray(0, length).toString())).toMatchObject({
    outputs: [{ data: [0.5, null] }, { parameters: { binary_data_size: 8 } }],
  });
  expect(body.readBigInt64LE(length)).toBe(-(2n ** 63n));
  expect(emptyData('FP16', 2)).toEqual(new Uint16Array(2));
});

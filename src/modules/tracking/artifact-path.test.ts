import { describe, expect, it } from 'vitest';
import { artifactPath, decodeOnce } from './artifact-path.ts';

describe('artifactPath', () => {
  it.each([
    'a',
    'model/MLmodel',
    'notes/hello world.txt',
    'ä/한글.txt',
    '.hidden',
    'a..b',
    '...',
    '100%',
    'a%20b',
    'white%step%3%timestamp%1795461353117%nf10.png',
  ])('takes %s', (path) => {
    expect(artifactPath(path)).toBe(path);
  });

  it.each([
    '',
    '/etc/passwd',
    '../x',
    'a/../../x',
    'a/./b',
    'a//b',
    'a/',
    'a\\b',
    'a\0b',
    'a\nb',
    'a/%2e%2e/b',
    'a%2fb',
    'a%5cb',
    'a%00b',
    '%25252525252e/b',
    'a/%252e%252e/b',
    'file:/etc/passwd',
    'C:/windows',
    'http://x/y',
    `${'x'.repeat(251)}/a`,
    'a/'.repeat(100),
    '\ud800',
  ])('refuses %j', (path) => {
    expect(() => artifactPath(path)).toThrow(expect.objectContaining({ code: 'MW-PATH' }));
  });

  it('decodes exactly once, so that what was encoded twice is refused', () => {
    expect(decodeOnce('a%20b')).toBe('a b');
    expect(() => artifactPath(decodeOnce('a/%252e%252e/b'))).toThrow(/MW|%/);
    expect(() => artifactPath(decodeOnce('%2e%2e/b'))).toThrow(/\.\. segment/);
    expect(() => artifactPath(decodeOnce('%2Fetc'))).toThrow(/absolute/);
    expect(() => decodeOnce('%zz')).toThrow(expect.objectContaining({ code: 'MW-PATH' }));
  });
});

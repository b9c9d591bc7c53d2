import { fileText } from './file-text.js';

describe('A file that a tester loads', () => {
  test('is not read where it is too large, and the error says by how much (I9)', async () => {
    let reads = 0;
    class Counted extends File {
      override text(): Promise<string> {
        reads += 1;
        return super.text();
      }
    }
    const file = new Counted(['x'.repeat(1_001)], 'run.json');
    await expect(fileText(file, 1_000)).rejects.toThrow('run.json has 1,001 bytes, and 1,000 is the most.');
    expect(reads).toBe(0);
    await expect(fileText(file, 1_001)).resolves.toHaveLength(1_001);
    expect(reads).toBe(1);
  });
});

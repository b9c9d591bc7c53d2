/** What a tester's file says. Throws in words where it has more than `most` bytes, before any of it is read (I9). */
export async function fileText(file: File, most: number): Promise<string> {
  if (file.size > most) throw new Error(`${file.name} has ${words(file.size)} bytes, and ${words(most)} is the most.`);
  return file.text();
}

const words = (bytes: number) => bytes.toLocaleString('en');

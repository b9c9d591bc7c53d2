import { randomUUID } from 'node:crypto';
import { BridgeClient, type BridgeProcess, ProtocolFrames, type Tokens } from '@drawbridge/testing';

const TEXT = 'Between the two of us';

/** Somebody well-behaved: with a conversation that is none of the attackers' business, and one that they are in too. */
export class Witness {
  #foreign = { conversation: '', message: '' };

  private constructor(private readonly client: BridgeClient) {}

  static async connect({ publicUrl }: BridgeProcess, { accessToken }: Tokens): Promise<Witness> {
    const client = await BridgeClient.connect(publicUrl);
    await client.open(accessToken);
    return new Witness(client);
  }

  async makePrivate(): Promise<{ conversation: string; message: string }> {
    const data = { to: 'dave', text: TEXT, clientId: randomUUID() };
    const { message } = await this.client.request<{ message: { id: string; conversation: string } }>(
      'message.send',
      data,
    );
    this.#foreign = { conversation: message.conversation, message: message.id };
    return this.#foreign;
  }

  /** What the attack did to its messages, to its connection, and to what it was told. */
  async problems(): Promise<string[]> {
    const { conversation, message } = this.#foreign;
    const problems = [...this.client.problems];
    const { messages } = await this.client.request<{ messages: { id: string; text: string; reactions: object[] }[] }>(
      'conversation.history',
      { conversation },
    );
    const found = messages.find(({ id }) => id === message);
    if (messages[0]?.id !== message || found?.text !== TEXT || found.reactions.length > 0)
      problems.push(`a stranger's message is now ${JSON.stringify(messages[0])}`);
    const frames = new ProtocolFrames();
    for (const { at: _, ...frame } of this.client.frames) {
      const problem = frame.id === undefined ? frames.problemOfEvent(frame) : undefined;
      if (problem !== undefined) problems.push(`the witness was told: ${problem}`);
    }
    return problems.slice(0, 10);
  }

  close(): Promise<void> {
    return this.client.close();
  }
}

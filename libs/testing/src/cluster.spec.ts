import { BridgeClient } from './bridge-client.js';
import { startCluster } from './cluster.js';
import { signIn } from './sign-in.js';

test('A cluster has one public address, behind which its bridges take turns, and one that is killed is passed over', async () => {
  await using cluster = await startCluster({ gateways: 2 });
  const person = { password: 'drawbridge', clientId: 'tunebox-desktop' };
  const tokens = await signIn(cluster, { login: 'alice', ...person });
  const gateways: unknown[] = [];
  for (let n = 0; n < 4; n++) {
    const client = await BridgeClient.connect(cluster.publicUrl);
    await client.open(tokens);
    gateways.push(client.hello.gateway);
    await client.close();
  }
  expect(gateways.toSorted()).toEqual(['gw-1', 'gw-1', 'gw-2', 'gw-2']);

  const [first, second] = cluster.bridges;
  const direct = await BridgeClient.connect(second!.ownUrl);
  expect(direct.hello.gateway).toBe('gw-2');
  await direct.open(tokens);
  await direct.close();
  await first!.kill();
  for (let n = 0; n < 2; n++) {
    const client = await BridgeClient.connect(cluster.publicUrl);
    expect(client.hello.gateway).toBe('gw-2');
    await client.close();
  }
});

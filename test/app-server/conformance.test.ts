import { backplaneCases } from 'signalbox/conformance';
import { describe, onTestFinished, test } from 'vitest';
import { ServiceRig } from '../service/rig.ts';
import { FarmServer, type Names } from './service-farm.ts';

async function farm(count: number): Promise<readonly FarmServer[]> {
  const rig = await ServiceRig.start();
  const names: Names = new Map();
  const servers = Array.from({ length: count }, () => new FarmServer(rig, names));
  onTestFinished(async () => {
    for (const server of servers) await server.end();
    await rig.close();
  });
  await Promise.all(servers.map(({ connected }) => connected));
  return servers;
}

describe('the service as a backplane', () => {
  test.each(backplaneCases)('$name ($servers servers)', async ({ servers, run }) => {
    await run({ servers: await farm(servers) });
  });
});

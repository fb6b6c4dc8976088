import { request } from 'node:http';
import { once } from 'node:events';
import { SignJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { codedError } from '../../src/base/errors.ts';
import type { LogEvent } from '../../src/base/log.ts';
import { withoutSecrets } from '../../src/cli/redaction.ts';
import { ServiceLog, type LogSettings } from '../../src/cli/service-log.ts';
import { ScriptedServer } from '../service/app-server.ts';
import { RawClient } from '../service/raw-client.ts';
import { tokenFor } from '../service/rig.ts';
import { ServedProcesses } from './served.ts';

const event = {
  id: 'test.happened',
  level: 'warn',
  name: 'Happened',
  text: 'It happened to {who}.',
  about: '',
} as const satisfies LogEvent;

function logged(settings: LogSettings, say: (log: ServiceLog) => void, secrets: readonly string[] = []): readonly string[] {
  const lines: string[] = [];
  say(new ServiceLog(settings, secrets, (line) => lines.push(line)));
  return lines;
}

describe('the log of the service', () => {
  it('is a line of JSON for each event', () => {
    const error = codedError('SIGNALBOX_ACCESS_KEY', { where: 'here', problem: 'is bad' });
    const [line = '', ...others] = logged({ level: 'debug', format: 'json' }, ({ log }) => log(event, { who: 'ann\n', times: 2 }, error));
    expect([line.endsWith('}\n'), others]).toEqual([true, []]);
    expect(JSON.parse(line)).toEqual({
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      level: 'warn',
      id: 'test.happened',
      name: 'Happened',
      message: 'It happened to ann\\u000a.',
      fields: { who: 'ann\n', times: 2 },
      error: { name: 'SignalboxError', code: 'SIGNALBOX_ACCESS_KEY', message: error.message, stack: error.stack },
    });
  });

  it('is a line of text for each event', () => {
    const lines = logged({ level: 'debug', format: 'text' }, ({ log }) => log(event, { who: 'ann\nbob' }, new TypeError('no\nway')));
    expect(lines).toEqual([
      expect.stringMatching(/^\S+Z warn test\.happened: It happened to ann\\u000abob\. who=ann\\u000abob \(TypeError: no\\u000away\)\n$/),
    ]);
  });

  it('leaves out what is below its level, and changes while it is used', () => {
    const log = (level: LogSettings['level']): number => logged({ level, format: 'text' }, (to) => to.log(event, { who: 'a' })).length;
    expect([log('debug'), log('info'), log('warn'), log('error')]).toEqual([1, 1, 1, 0]);
    const lines = logged({ level: 'error', format: 'text' }, (to) => {
      to.settings = { level: 'warn', format: 'json' };
      to.log(event, { who: 'a' }, 'a text that was thrown');
    });
    expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([{ error: { message: 'a text that was thrown' } }]);
  });

  it('has no secret, however it is written', () => {
    const secret = 'top/secret+"key"='.padEnd(40, '\\');
    const forms = [secret, encodeURIComponent(secret), JSON.stringify(secret)];
    const lines = logged({ level: 'debug', format: 'json' }, ({ log }) => forms.forEach((who) => log(event, { who }, new Error(who))), [
      secret,
    ]);
    for (const line of lines) {
      expect(line).not.toMatch(/top|secret/);
      expect(() => void JSON.parse(line)).not.toThrow();
    }
  });

  it('has no token, wherever it stands and wherever it was cut', async () => {
    const token = await new SignJWT({ sub: 'ann' }).setProtectedHeader({ alg: 'HS256' }).sign(Buffer.alloc(32));
    const texts = [
      token,
      `xx${token}`,
      token.slice(0, 40),
      `/client/?access_token=${token}&b`,
      `Bearer ${token}`,
      `AccessKey=hush;Version`,
      'bearer hush',
    ];
    for (const text of texts) expect(withoutSecrets(text, [])).not.toMatch(/eyJ|hush/);
    expect(withoutSecrets('a bearer of bad news, keyed', [])).toContain('keyed');
  });
});

describe('signalbox serve at its most verbose', () => {
  const processes = ServedProcesses.forSuite();
  const KEY = 'configured-key-'.padEnd(44, 'c');
  const OTHER = 'others-key-'.padEnd(44, 'o');

  it.each(['json', 'text'])('logs neither tokens nor keys, wherever clients and app servers put them: %s', async (format) => {
    const { process: served, port } = await processes.serve(['--log-level', 'debug', '--log-format', format], {
      SIGNALBOX_ACCESS_KEY: KEY,
    });
    const ports = { serverPort: port, clientPort: port };
    const good = await tokenFor('client', 'chat', { 'asrs.s.uid': 'ann' }, { key: KEY });
    const goodServer = await tokenFor('server', 'chat', {}, { key: KEY });
    const foreign = await tokenFor('client', 'chat', {}, { key: OTHER });
    const old = await tokenFor('client', 'chat', {}, { key: KEY, expires: -1_000 });
    const strange = await tokenFor('client', 'chat', {}, { key: KEY, audience: `http://x/${good}` });
    const tokens = [good, goodServer, foreign, old, strange];

    const names = { serverId: good, connectionId: goodServer.slice(0, 190), userAgent: KEY };
    const server = await ScriptedServer.connect(ports, names, goodServer);
    const client = await RawClient.connect(ports, { token: good, query: `&access_token=${foreign}&x=${KEY}` });
    await server.accept();
    server.tell('nobody', { type: 1, target: good, arguments: [KEY] });
    for (const protocol of [good, KEY]) (await RawClient.connect(ports, { token: good, protocol })).cut();
    const talker = await RawClient.dial(ports, { token: good });
    talker.send(`${goodServer} ${KEY}\u001e`);
    await talker.ended();
    for (const token of [foreign, old, strange, KEY]) {
      await expect(RawClient.dial(ports, { token })).rejects.toThrow('401');
      await expect(ScriptedServer.dial(ports, names, token)).rejects.toThrow('401');
    }
    for (const token of tokens) {
      for (const path of [
        `/client/negotiate?hub=chat&access_token=${token}`,
        `/${token}/`,
        `/client/?hub=${token}&id=${KEY}`,
        `/client/${KEY}`,
      ]) {
        await ask(port, path, { Authorization: `Bearer ${token}`, 'X-Forwarded-For': token, Cookie: KEY });
      }
    }
    server.sendBytes(Buffer.from(`\u0005\u0094${good}${KEY}`));
    client.send(Buffer.alloc(100, KEY));
    client.cut();
    server.cut();
    await served.says('service.server-gone');
    const { error, output } = await served.end();
    expect(error).toContain('service.server-connected');
    expect(error).toContain('service.client-refused');
    expect(error).toContain('[hidden]');
    for (const secret of [KEY, OTHER, ...tokens]) {
      for (let at = 0; at + 24 <= secret.length; at += 8) expect(error + output).not.toContain(secret.slice(at, at + 24));
    }
  });
});

/** Any answer will do. */
async function ask(port: number, path: string, headers: Readonly<Record<string, string>>): Promise<void> {
  const asked = request({ port, host: '127.0.0.1', path, method: 'POST', headers }).end();
  const [response] = (await once(asked, 'response')) as [{ resume(): void }];
  response.resume();
}

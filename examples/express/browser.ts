import { HubConnectionBuilder } from '@microsoft/signalr';
import { typed } from 'signalbox/client';
import type { chat } from './chat.ts';

const connection = new HubConnectionBuilder().withUrl('/chat').withAutomaticReconnect().build();
const hub = typed<typeof chat>(connection);

hub.on.message((from, text) => console.log(from, text));
hub.on.confirm((question) => window.confirm(question));
await connection.start();

await hub.invoke.send('hi');
for await (const n of hub.stream.count(10)) console.log(n); // leaving the loop cancels it on the server

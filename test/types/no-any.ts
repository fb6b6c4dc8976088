// What an editor shows of a hub, a context and a client is exactly this: nothing of it is `any`, nothing wider than it was.
import type { HubConnection } from '@microsoft/signalr';
import type { IncomingMessage } from 'node:http';
import {
  feature,
  type AgreedProtocol,
  type CallerClients,
  type Claims,
  type ClientResults,
  type ConnectionRequest,
  type Feature,
  type Features,
  type Hub,
  type HubContext,
  type InvokeOptions,
  type Items,
  type SingleTarget,
  type Target,
  type TransportName,
} from 'signalbox';
import { typed, type Stream, type TypedConnection, type Upload } from 'signalbox/client';
import type { chat, ChatClient } from './chat.ts';
import { is } from './is.ts';

declare const connection: HubConnection;
const client = typed<typeof chat>(connection);

interface ChatServer {
  send: (text: string) => void;
  count: (to: number) => AsyncIterable<number>;
  sum: (numbers: AsyncIterable<number>) => number;
  LeaveRoom: (room: string, seconds?: unknown) => { sure: boolean; seconds: number | undefined };
  loose: (a: unknown, b: unknown) => unknown[];
  ping: () => string;
}

// ---- the hub
is<
  typeof chat,
  Hub<
    {
      send: (text: string) => void;
      count: (to: number) => AsyncIterable<number>;
      sum: (numbers: AsyncIterable<number>) => number;
      LeaveRoom: (room: string, seconds?: unknown) => { sure: boolean; seconds: number | undefined };
      loose: (a: unknown, b: unknown) => unknown[];
      ping: () => string;
    },
    ChatClient
  >
>();

// ---- the client
is<typeof client.invoke.send, (text: string) => Promise<void>>();
is<typeof client.invoke.ping, () => Promise<string>>();
is<typeof client.invoke.sum, (numbers: Upload<number>) => Promise<number>>();
is<typeof client.invoke.LeaveRoom, (room: string, seconds?: unknown) => Promise<{ sure: boolean; seconds: number | undefined }>>();
is<typeof client.invoke.loose, (a: unknown, b: unknown) => Promise<unknown[]>>();
is<typeof client.send.sum, (numbers: Upload<number>) => Promise<void>>();
is<typeof client.stream.count, (to: number) => Stream<number>>();
is<typeof client.on.message, (handler: (from: string, text: string) => unknown) => () => void>();
is<typeof client.on.confirm, (handler: (question: string) => boolean | Promise<boolean>) => () => void>();
is<keyof typeof client, 'invoke' | 'send' | 'stream' | 'on'>();
is<keyof typeof client.invoke, 'send' | 'sum' | 'LeaveRoom' | 'loose' | 'ping'>();
is<keyof typeof client.send, 'send' | 'sum' | 'LeaveRoom' | 'loose' | 'ping'>();
is<keyof typeof client.stream, 'count'>();
is<keyof typeof client.on, 'message' | 'confirm'>();
is<keyof TypedConnection<ChatServer, ChatClient>['invoke'], keyof typeof client.invoke>();

// ---- the context
type Context = HubContext<ChatClient>;
is<
  keyof Context,
  | 'clients'
  | 'groups'
  | 'connectionId'
  | 'userId'
  | 'user'
  | 'items'
  | 'signal'
  | 'abort'
  | 'request'
  | 'features'
  | 'transport'
  | 'protocol'
>();
is<Context['clients'], CallerClients<ChatClient>>();
is<Context['userId'], string | undefined>();
is<Context['user'], Claims | undefined>();
is<HubContext<ChatClient, { id: string }>['user'], { id: string } | undefined>();
is<Context['items'], Items>();
is<Context['signal'], AbortSignal>();
is<Context['abort'], (reason?: Error) => void>();
is<Context['request'], ConnectionRequest>();
is<ConnectionRequest['url'], URL>();
is<ConnectionRequest['headers'], Headers>();
is<Context['transport'], TransportName>();
is<Context['protocol'], AgreedProtocol>();
is<Context['features'], Features>();
is<ConnectionRequest['features'], Features>();
is<ConnectionRequest['cookies'], ReadonlyMap<string, string>>();

// ---- what is kept of a request
const session = feature((request: IncomingMessage & { readonly session: { readonly name: string } }) => request.session);
is<typeof session, Feature<{ readonly name: string }>>();
declare const features: Features;
const kept = features.get(session);
is<typeof kept, { readonly name: string } | undefined>();

// ---- its targets
is<Context['clients']['all']['message'], (from: string, text: string) => Promise<void>>();
is<Context['clients']['caller']['invoke']['confirm'], (question: string) => Promise<boolean>>();
is<keyof Context['clients']['all'], 'message' | 'send'>();
is<keyof Context['clients']['caller'], 'message' | 'send' | 'invoke' | 'invokeWith'>();
is<Context['clients']['caller']['invokeWith'], (options: InvokeOptions) => ClientResults<ChatClient>>();
is<ReturnType<Context['clients']['client']>, SingleTarget<ChatClient>>();
is<ReturnType<Context['clients']['groups']>, Target<ChatClient>>();

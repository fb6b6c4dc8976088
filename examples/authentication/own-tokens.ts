import { AuthenticationError, bearerToken, SignalR } from 'signalbox';

/** API keys and the names of who has them. */
export const apiKeys = new Map<string, string>();

export const signalr = new SignalR({
  authenticate: (request) => {
    const key = bearerToken(request);
    if (key === undefined) return undefined; // anonymous
    const name = apiKeys.get(key);
    if (name === undefined) throw new AuthenticationError('Bearer error="invalid_token"'); // 401
    return { sub: name };
  },
});

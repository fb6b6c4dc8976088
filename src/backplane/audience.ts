/**
 * Who shall hear a message. Plain data, so that it can be sent to another server.
 * A client that is named twice (by two groups, or two ids) hears the message once.
 */
export type Audience =
  | { readonly to: 'all'; readonly except?: readonly string[] }
  | { readonly to: 'connections'; readonly ids: readonly string[] }
  | { readonly to: 'groups'; readonly names: readonly string[]; readonly except?: readonly string[] }
  | { readonly to: 'users'; readonly ids: readonly string[] };

import { AsyncLocalStorage } from 'node:async_hooks';
import { defineHub, method, type Hub, type HubFilter } from 'signalbox';
import { z } from 'zod';

/** What a hub depends on is handed to the function that makes it. */
export interface Orders {
  place(item: string): Promise<number>;
}

export interface OrdersServer {
  order(item: string): number;
}

export function ordersHub(orders: Orders): Hub<OrdersServer, object> {
  return defineHub()({ methods: { order: method([z.string()], (_, item) => orders.place(item)) } });
}

/** Something made for each call, and given back after it: a filter opens it, and whatever the call calls finds it. */
export interface Transaction {
  commit(): Promise<void>;
  release(): void;
}

const current = new AsyncLocalStorage<Transaction>();
export const transaction = (): Transaction | undefined => current.getStore();

export function perCall(begin: () => Promise<Transaction>): HubFilter<unknown> {
  return {
    async invoke(_invocation, next) {
      const opened = await begin();
      try {
        const result = await current.run(opened, () => next());
        await opened.commit();
        return result;
      } finally {
        opened.release();
      }
    },
  };
}

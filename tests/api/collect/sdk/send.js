// Sends one call of each kind with the real SDK to HOST, and exits 1 if any of them failed.
import { Analytics } from "@segment/analytics-node";

const [host, writeKey, run] = process.argv.slice(2);
const analytics = new Analytics({ writeKey, host, flushAt: 3, maxRetries: 1 });
const failures = [];
analytics.on("error", (error) => failures.push(error));

const who = { userId: `ada-${run}`, anonymousId: `d-${run}` };
analytics.identify({ ...who, traits: { plan: "gold" } });
analytics.page({ ...who, name: "Home", properties: { url: "https://shop.example/" } });
analytics.screen({ ...who, name: "Basket" });
analytics.track({ ...who, event: "Product Viewed", properties: { product_id: "kettle", price: 39.9 } });
analytics.track({
  ...who,
  event: "Order Completed",
  messageId: `order-${run}`,
  timestamp: new Date("2024-05-04T12:00:00+02:00"),
  properties: {
    order_id: "o-1",
    currency: "EUR",
    products: [
      { product_id: "kettle", price: 39.9, quantity: 1 },
      { product_id: "cup", price: 4.5, quantity: 6 },
    ],
  },
});
analytics.group({ ...who, groupId: "acme" });
analytics.alias({ previousId: `old-${run}`, userId: `ada-${run}` });
await analytics.closeAndFlush({ timeout: 20000 });
if (failures.length) {
  console.error(failures);
  process.exit(1);
}

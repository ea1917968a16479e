// On the loopback address, with the hub's reference as a field of its own.
const path = require('path')
const { DefaultLogger, LogLevel } = require('@vendure/core')
const data = process.env.VENDURE_DATA
const externalId = { name: 'externalId', type: 'string', nullable: true }
exports.config = {
  apiOptions: { hostname: '127.0.0.1', port: Number(process.env.VENDURE_PORT), adminApiPath: 'admin-api', shopApiPath: 'shop-api', cors: false },
  authOptions: {
    tokenMethod: ['bearer'],
    superadminCredentials: { identifier: 'hub', password: 'integration-user-pw' },
  },
  dbConnectionOptions: { type: 'better-sqlite3', database: path.join(data, 'vendure.sqlite'), synchronize: true, logging: false },
  customFields: { Customer: [externalId], Product: [{ ...externalId }], ProductVariant: [{ ...externalId }] },
  paymentOptions: { paymentMethodHandlers: [] },
  logger: new DefaultLogger({ level: LogLevel.Error }),
  plugins: [],
}

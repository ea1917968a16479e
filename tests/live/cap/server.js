// On the loopback address only: CAP by itself listens on all of them.
const cds = require('@sap/cds')
cds.on('bootstrap', app => {
  const listen = app.listen
  app.listen = (port, ...rest) => listen.call(app, port, '127.0.0.1', ...rest)
})
module.exports = cds.server

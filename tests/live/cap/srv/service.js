module.exports = srv => {
  const { Orders } = srv.entities
  srv.on('close', 'Orders', async req => {
    const [key] = req.params
    const id = typeof key === 'object' ? key.ID : key
    const changed = await UPDATE(Orders).set({ status: 'closed' }).where({ ID: id, status: 'open' })
    if (!changed) return req.reject(409, 'the order is not open')
    return SELECT.one.from(Orders).where({ ID: id })
  })
}

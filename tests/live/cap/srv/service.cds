// Products with a unique reference, and orders with lines: what the hub reads and writes in a live test.
using { cuid, managed } from '@sap/cds/common';

namespace live;

@assert.unique: { hubRef: [hubRef] }
entity Products : cuid, managed {
  sku    : String(40) @mandatory;
  name   : String(500);
  price  : Decimal(15, 2);
  stock  : Integer;
  hubRef : String(64);
}

entity Orders : cuid, managed {
  number : String(20) @mandatory;
  note   : String(200);
  status : String(10) default 'open';
  hubRef : String(64);
  items  : Composition of many Items on items.parent = $self;
}

entity Items : cuid {
  parent   : Association to Orders;
  position : Integer;
  quantity : Decimal(15, 3);
}

@requires: 'authenticated-user'
@path: '/odata/v4/shop'
service Shop {
  @cds.query.limit: { default: 50, max: 500 }
  entity Products as projection on live.Products;
  entity Orders as projection on live.Orders actions {
    action close() returns Orders;
  };
  entity Items as projection on live.Items;
}
annotate Shop.Products with { modifiedAt @odata.etag };
annotate Shop.Orders with { modifiedAt @odata.etag };

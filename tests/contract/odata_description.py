"""How the small OData application describes itself, in version 2 and 4."""

KEYS = {"Products": ("ID",), "Items": ("Order", "Item")}

_V4 = """<?xml version="1.0" encoding="utf-8"?>
<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx"><edmx:DataServices>
<Schema Namespace="com.example.erp" Alias="erp" xmlns="http://docs.oasis-open.org/odata/ns/edm">
  <EntityContainer Name="Container">
    <EntitySet Name="Products" EntityType="erp.Product"/><EntitySet Name="Items" EntityType="erp.Item"/>
  </EntityContainer>
  <EntityType Name="Tracked" Abstract="true">
    <Property Name="modifiedAt" Type="Edm.DateTimeOffset" Precision="3"/>
    <Property Name="hubRef" Type="Edm.String" MaxLength="64"/>
  </EntityType>
  <EntityType Name="Product" BaseType="erp.Tracked">
    <Key><PropertyRef Name="ID"/></Key>
    <Property Name="ID" Type="Edm.Guid" Nullable="false"/>
    <Property Name="sku" Type="Edm.String" MaxLength="40" Nullable="false"/>
    <Property Name="name" Type="Edm.String" MaxLength="500"/>
    <Property Name="price" Type="Edm.Decimal" Precision="15" Scale="2"/>
    <Property Name="stock" Type="Edm.Int32"/>
    <Property Name="note" Type="Edm.String"/>
    <NavigationProperty Name="lines" Type="Collection(erp.Line)"/>
  </EntityType>
  <EntityType Name="Line"><Key><PropertyRef Name="no"/></Key>
    <Property Name="no" Type="Edm.Int32" Nullable="false"/><Property Name="quantity" Type="Edm.Decimal" Scale="3"/>
  </EntityType>
  <EntityType Name="Item" BaseType="erp.Tracked">
    <Key><PropertyRef Name="Order"/><PropertyRef Name="Item"/></Key>
    <Property Name="Order" Type="Edm.Int32" Nullable="false"/>
    <Property Name="Item" Type="Edm.String" Nullable="false"/>
    <Property Name="note" Type="Edm.String"/>
  </EntityType>
</Schema></edmx:DataServices></edmx:Edmx>"""

_V2 = """<?xml version="1.0" encoding="utf-8"?>
<edmx:Edmx Version="1.0" xmlns:edmx="http://schemas.microsoft.com/ado/2007/06/edmx">
<edmx:DataServices m:DataServiceVersion="2.0"
    xmlns:m="http://schemas.microsoft.com/ado/2007/08/dataservices/metadata">
<Schema Namespace="erp" xmlns="http://schemas.microsoft.com/ado/2008/09/edm">
  <EntityContainer Name="Container">
    <EntitySet Name="Products" EntityType="erp.Product"/><EntitySet Name="Items" EntityType="erp.Item"/>
  </EntityContainer>
  <EntityType Name="Product">
    <Key><PropertyRef Name="ID"/></Key>
    <Property Name="ID" Type="Edm.Guid" Nullable="false"/>
    <Property Name="sku" Type="Edm.String" MaxLength="40" Nullable="false"/>
    <Property Name="name" Type="Edm.String" MaxLength="500"/>
    <Property Name="price" Type="Edm.Decimal" Precision="15" Scale="2"/>
    <Property Name="stock" Type="Edm.Int32"/>
    <Property Name="note" Type="Edm.String"/>
    <Property Name="modifiedAt" Type="Edm.DateTimeOffset"/>
    <Property Name="hubRef" Type="Edm.String" MaxLength="64"/>
    <NavigationProperty Name="lines" Relationship="erp.ProductLines" FromRole="Product" ToRole="Line"/>
  </EntityType>
  <EntityType Name="Line"><Key><PropertyRef Name="no"/></Key>
    <Property Name="no" Type="Edm.Int32" Nullable="false"/><Property Name="quantity" Type="Edm.Decimal" Scale="3"/>
  </EntityType>
  <EntityType Name="Item">
    <Key><PropertyRef Name="Order"/><PropertyRef Name="Item"/></Key>
    <Property Name="Order" Type="Edm.Int32" Nullable="false"/>
    <Property Name="Item" Type="Edm.String" Nullable="false"/>
    <Property Name="note" Type="Edm.String"/>
    <Property Name="modifiedAt" Type="Edm.DateTimeOffset"/>
    <Property Name="hubRef" Type="Edm.String" MaxLength="64"/>
  </EntityType>
  <Association Name="ProductLines">
    <End Role="Product" Type="erp.Product" Multiplicity="1"/><End Role="Line" Type="erp.Line" Multiplicity="*"/>
  </Association>
</Schema></edmx:DataServices></edmx:Edmx>"""

DESCRIPTIONS = {"v4": _V4, "v2": _V2}

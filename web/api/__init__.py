"""JSON for the phone application and for partners: declared operations, and the document made of them."""

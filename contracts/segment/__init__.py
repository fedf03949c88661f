"""The Segment spec in canonical events: what its SDKs send, and what archives of it hold.

`tables` says which name becomes what, `messages` reads one message, `lines` the products in it.

>>> from contracts.segment import translate
>>> message = {
...     "type": "track",
...     "userId": "ada",
...     "messageId": "m1",
...     "event": "Order Completed",
...     "timestamp": "2024-05-04T12:00:00+02:00",
...     "properties": {"order_id": "o1", "currency": "eur", "products": [
...         {"product_id": "kettle", "price": 20, "quantity": 2}, {"sku": "cup", "price": "3.5"},
...     ]},
... }
>>> for event in translate(message, site="shop", received=1714816800500):
...     print(event.id, event.type, event.item, event.price, event.quantity, event.order)
m1:0 purchase kettle 20.0 2.0 o1
m1:1 purchase cup 3.5 None o1
"""

from contracts.segment.messages import translate

__all__ = ["translate"]

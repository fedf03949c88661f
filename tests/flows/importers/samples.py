"""A tiny data set of each format, with invented rows, as its publisher lays the files out."""

import gzip
from pathlib import Path

SAMPLES: dict[str, dict[str, str]] = {
    "events": {
        "events.jsonl": """\
{"id":"b","type":"view","time":1700000002000,"user":"ada","item":"cup"}
{"id":"a","type":"purchase","time":1700000001000,"device":"d1","item":"cup","price":3.5}
""",
        "catalog.jsonl": """\
{"id":"cup","time":20,"title":"Cup","price":4.0}
{"id":"cup","time":10,"title":"Cup","price":3.5}
""",
    },
    "taobao": {
        "UserBehavior.csv": """\
11,501,9001,pv,1511544070
11,502,9001,cart,1511544080
11,502,9001,buy,1511544090
12,501,9001,fav,1511544075
12,503,9002,pv,1511544070
""",
    },
    "movielens": {
        "ratings.csv": """\
userId,movieId,rating,timestamp
1,31,2.5,1260759144
1,1029,3.0,1260759179
2,31,5.0,835355493
""",
        "movies.csv": """\
movieId,title,genres
31,"Clockmaker, The (1995)",Drama|Mystery
1029,Nameless,(no genres listed)
""",
    },
    "movietweetings": {
        "ratings.dat": """\
1::1074638::7::1365029107
1::1853728::8::1366576639
2::0104257::0::1364690142
""",
        "movies.dat": """\
0104257::A Quiet Valley (1992)::Drama|War
1074638::Night Train (2012)::
""",
        "users.dat": "1::555\n2::556\n",
    },
    "yoochoose": {
        "yoochoose-clicks.dat": """\
1,2014-04-07T10:51:09.277Z,214536502,0
1,2014-04-07T10:54:09.868Z,214536500,S
2,2014-04-07T10:51:09.277Z,214577561,5
2,2014-04-07T10:52:00.001Z,214577561,2089046
""",
        "yoochoose-buys.dat": """\
1,2014-04-07T10:55:00.000Z,214536500,1046,2
1,2014-04-07T10:55:00.000Z,214536502,0,0
""",
    },
    "retailrocket": {
        "events.csv": """\
timestamp,visitorid,event,itemid,transactionid
1433221332117,257597,view,355908,
1433221999827,111016,addtocart,318965,
1433222276276,111016,transaction,318965,7
1433221332117,483717,view,253185,
""",
        "item_properties_part1.csv": """\
timestamp,itemid,property,value
1433041200000,355908,categoryid,1016
1433041200000,355908,790,n15360.000
1433041200000,318965,available,1
1433646000000,318965,available,0
1433646000000,355908,categoryid,1016
""",
        "item_properties_part2.csv": """\
timestamp,itemid,property,value
1433041200000,318965,categoryid,809
""",
        "category_tree.csv": "categoryid,parentid\n1016,213\n809,169\n213,\n",
    },
    "deskdrop": {
        "users_interactions.csv": """\
timestamp,eventType,contentId,personId,sessionId,userAgent,userRegion,userCountry
1465413032,VIEW,-3499919498720038879,-8845298781299428018,1264196770339959068,,,
1465413046,VIEW,-3499919498720038879,-1032019229384696495,3621737643587579081,"Browser, 1.0",NY,US
1465413190,COMMENT CREATED,310515487419366995,-1130272294246983140,2631864456530402479,,,
1465413800,LIKE,310515487419366995,344280948527967603,-3167637573980064150,,,
1465413900,BOOKMARK,310515487419366995,344280948527967603,-3167637573980064150,,,
1465413950,FOLLOW,310515487419366995,344280948527967603,-3167637573980064150,,,
""",
        "shared_articles.csv": (
            "timestamp,eventType,contentId,authorPersonId,authorSessionId,authorUserAgent,"
            "authorRegion,authorCountry,contentType,url,title,text,lang\n"
            "1459192779,CONTENT REMOVED,-6451309518266745024,4340306774493623681,"
            '89402351766,,,,HTML,http://a.example/1,Old news,"It is over.",en\n'
            "1459193988,CONTENT SHARED,310515487419366995,4340306774493623681,"
            '89402351766,,,,HTML,http://a.example/2,"News, with ""quotes""",'
            '"First line,\nsecond line\n\nand a last one.",pt\n'
        ),
    },
    "trivago": {
        "train.csv": """\
user_id,session_id,timestamp,step,action_type,reference,platform,city,device,current_filters,impressions,prices
U1,s1,1541037460,1,search for poi,Newtown,AU,"Sydney, Australia",mobile,,,
U1,s1,1541037522,2,interaction item image,666856,AU,"Sydney, Australia",mobile,,,
U1,s1,1541037532,3,filter selection,Free WiFi,AU,"Sydney, Australia",mobile,Free WiFi,,
U1,s1,1541037542,4,clickout item,109038,AU,"Sydney, Australia",mobile,Free WiFi|Pool,666856|109038,95|66
U1,s1,1541037543,5,interaction item info,unknown,AU,"Sydney, Australia",mobile,,,
U1,s1,1541037550,6,search for item,109038,AU,"Sydney, Australia",mobile,,,
U1,s1,1541037560,7,change of sort order,price only,AU,"Sydney, Australia",mobile,,,
""",  # noqa: E501
        "item_metadata.csv": "item_id,properties\n109038,Pool|Free WiFi|4 Star\n666856,\n",
    },
    "mind": {
        "behaviors.tsv": (
            "1\tU13\t11/11/2019 9:05:58 AM\tN1 N2\tN50-0 N51-1 N52-0\n"
            "2\tU91\t11/12/2019 6:11:30 PM\t\tN50-1 N53-1\n"
            "3\tU91\t11/11/2019 12:00:00 AM\tN1\tN54-0\n"
        ),
        "news.tsv": (
            'N50\tlifestyle\tlifestyleroyals\tThe "Brands" They Like\tShop\thttps://n.example/50'
            '\t[{"Label": "X"}]\t[]\n'
            "N51\thealth\tweightloss\t50 Habits\t\thttps://n.example/51\t[]\t[]\n"
        ),
    },
    "online-retail": {
        "online_retail.csv": """\
InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country
536365,85123A,"LANTERN, WHITE",6,12/1/2010 8:26,2.55,17850,United Kingdom
536365,71053,METAL BOX,6,12/1/2010 8:26,3.39,17850,United Kingdom
C536379,85123A,"LANTERN, WHITE",-2,12/1/2010 9:41,2.55,17850,United Kingdom
536370,POST,POSTAGE,3,12/1/2010 8:45,18,12583,France
536414,22139,,56,12/1/2010 11:52,0,,United Kingdom
536589,21777,damaged,-10,12/1/2010 16:50,0,,United Kingdom
A563185,B,Adjust bad debt,1,8/12/2011 14:50,11062.06,,United Kingdom
536544,21773,ORNAMENT,1,12/1/2010 14:32,2.51,,United Kingdom
536400,22960,JAM SET,4,12/1/2010 13:33,0.0,17850.0,United Kingdom
""",
    },
    "open-bandit": {
        "random/all/all.csv": """\
,timestamp,item_id,position,click,propensity_score,user_feature_0,user_feature_1,user-item_affinity_0,user-item_affinity_1
0,2019-11-24 00:00:34.762830+00:00,1,3,0,0.5,f0,f1,0.0,0.0
1,2019-11-24 00:00:53.965051+00:00,0,1,1,0.5,f0,f2,0.0,2.0
""",
        "random/all/item_context.csv": """\
,item_id,item_feature_0,item_feature_1,item_feature_2,item_feature_3
0,0,-0.5,aa,bb,cc
1,1,0.25,aa,bb,dd
""",
        "bts/men/men.csv": """\
,timestamp,item_id,position,click,propensity_score,user_feature_0,user_feature_1,user-item_affinity_0,user-item_affinity_1
0,2019-11-24 00:00:10.000000+00:00,1,2,1,0.25,f0,f1,0.0,0.0
""",
    },
    "instacart": {
        "orders.csv": """\
order_id,user_id,eval_set,order_number,order_dow,order_hour_of_day,days_since_prior_order
901,1,prior,1,2,08,
902,1,prior,2,3,07,15.0
903,1,train,3,1,12,30.0
904,2,prior,1,0,00,NA
905,1,test,4,1,12,0.0
""",
        "order_products__prior.csv": """\
order_id,product_id,add_to_cart_order,reordered
901,196,1,0
901,141,2,0
902,196,1,1
904,77,1,0
""",
        "order_products__train.csv": """\
order_id,product_id,add_to_cart_order,reordered
903,141,1,1
""",
        "products.csv": """\
product_id,product_name,aisle_id,department_id
196,"Soda, Sweet",77,7
141,Pistachios,117,19
""",
        "aisles.csv": "aisle_id,aisle\n77,soft drinks\n117,nuts\n",
        "departments.csv": "department_id,department\n7,beverages\n19,snacks\n",
    },
    "cfpb": {
        "complaints.csv": (
            "Date received,Product,Sub-product,Issue,Sub-issue,Consumer complaint narrative,"
            "Company public response,Company,State,ZIP code,Tags,Consumer consent provided?,"
            "Submitted via,Date sent to company,Company response to consumer,Timely response?,"
            "Consumer disputed?,Complaint ID\n"
            '2019/9/24,Debt collection,I do not know,Not owed,Not yours,"It is not mine,\n'
            'and I said so.",,ACME,FL,335XX,,Consent provided,Web,2019/9/24,'
            "Closed with explanation,Yes,N/A,3384392\n"
            "2019-09-20,Mortgage,,Trouble paying,,,,HOMEBANK,PA,15206,,,Phone,2019-09-21,"
            "In progress,Yes,N/A,3379500\n"
            "09/19/2019,Student loan,,Fees,,Too many fees.,,ACME,NY,10001,,,Fax,09/20/2019,"
            "Closed,No,N/A,3379499\n"
        ),
    },
    "segment": {
        "segment_log.jsonl": """\
{"type":"track","event":"Product Viewed","messageId":"m2","anonymousId":"a1","timestamp":"2024-05-04T12:00:01Z","properties":{"product_id":"kettle","price":20}}
{"type":"identify","messageId":"m1","userId":"ada","anonymousId":"a1","timestamp":"2024-05-04T12:00:00Z","traits":{"plan":"gold"}}
{"batch":[{"type":"track","event":"Order Completed","messageId":"m3","userId":"ada","properties":{"order_id":"o1","products":[{"product_id":"kettle","price":20,"quantity":1},{"product_id":"cup","price":3}]}}],"sentAt":"2024-05-04T12:00:05Z"}
""",  # noqa: E501
    },
}

MAIN: dict[str, str] = {
    name: next(file for file in files if not file.startswith("bts/"))
    for name, files in SAMPLES.items()
}
"""The file of each sample that may also be named itself."""

EVENTS: dict[str, int] = {
    "events": 2,
    "taobao": 5,
    "movielens": 3,
    "movietweetings": 3,
    "yoochoose": 6,
    "retailrocket": 4,
    "deskdrop": 7,
    "trivago": 8,
    "mind": 9,
    "online-retail": 5,
    "open-bandit": 5,
    "instacart": 5,
    "cfpb": 3,
    "segment": 4,
}
"""How many events the sample has as a folder, counted by hand."""

ITEMS: dict[str, int] = {
    "events": 2,
    "taobao": 0,
    "movielens": 2,
    "movietweetings": 2,
    "yoochoose": 0,
    "retailrocket": 3,
    "deskdrop": 2,
    "trivago": 2,
    "mind": 2,
    "online-retail": 3,
    "open-bandit": 2,
    "instacart": 2,
    "cfpb": 0,
    "segment": 0,
}


def lay_out(folder: Path, name: str, *, packed: bool = False) -> Path:
    """Write the sample of a format into the folder, gzipped if asked; return the folder."""
    for file, text in SAMPLES[name].items():
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        if packed:
            path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(text.encode()))
        else:
            path.write_bytes(text.encode())
    return folder


def write(path: Path, text: str | bytes) -> Path:
    """Write a file; return its path."""
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path

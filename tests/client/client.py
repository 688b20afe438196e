"""A client that knows nothing but the server's address: it learns the services by reflection, classifies one
contact, compares one under two variants, describes and reports one, and prints what it got as JSON."""

import json
import sys

import grpc
from google.protobuf import descriptor_pool, json_format, message_factory
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase


class Api:
    """Calls methods by name over a channel, with messages learnt by reflection."""

    def __init__(self, address):
        self.channel = grpc.insecure_channel(address)
        self.database = ProtoReflectionDescriptorDatabase(self.channel)
        self.pool = descriptor_pool.DescriptorPool(self.database)

    def services(self):
        return sorted(self.database.get_services())

    def method(self, service, name):
        return self.pool.FindServiceByName(service).methods_by_name[name]

    def request(self, method, body):
        message = message_factory.GetMessageClass(method.input_type)()
        return json_format.ParseDict(body, message)

    def answer(self, method):
        return message_factory.GetMessageClass(method.output_type).FromString

    def unary(self, service, name, body):
        method = self.method(service, name)
        call = self.channel.unary_unary(
            f"/{service}/{name}",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=self.answer(method),
        )
        return json_format.MessageToDict(call(self.request(method, body), timeout=30))

    def stream(self, service, name, bodies):
        method = self.method(service, name)
        call = self.channel.stream_stream(
            f"/{service}/{name}",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=self.answer(method),
        )
        requests = iter([self.request(method, body) for body in bodies])
        return [json_format.MessageToDict(answer) for answer in call(requests, timeout=30)]


def facts(**values):
    return [{"axis": axis.replace("_", "-"), "values": [value]} for axis, value in values.items()]


def main(address, record):
    api = Api(address)
    classified = api.unary(
        "vardnav.classification.v1.ClassificationService",
        "Classify",
        {
            "case": {
                "id": "a",
                "of": "GRAIN_CONTACT",
                "date": {"year": 2026, "month": 9, "day": 1},
                "facts": facts(
                    contact_mode="in-person",
                    place="ordinary-housing",
                    enrolment="none",
                    origin="regional-primary-care",
                    profession="physician",
                    performer="licensed",
                    performing_principal="region",
                    age_group="80-plus",
                ),
            },
            "explain": True,
        },
    )
    compared = api.stream(
        "vardnav.classification.v1.ClassificationService",
        "CompareReleases",
        [
            {
                "cases": [
                    {
                        "id": "b",
                        "of": "GRAIN_CONTACT",
                        "date": {"year": 2026, "month": 9, "day": 1},
                        "facts": facts(contact_mode="telephone", performer="licensed"),
                    }
                ],
                "other": {"variants": ["U9:telephone-out"]},
            }
        ],
    )
    batch = json.loads(record)
    described = api.unary(
        "vardnav.register.v1.RegisterService",
        "DescribeRecord",
        {"reporter": batch["reporter"], "record": batch["records"][0], "explain": True},
    )
    reported = api.stream("vardnav.register.v1.RegisterService", "Report", [json.loads(record)])
    try:
        api.unary("vardnav.release.v1.ReleaseService", "GetRelease", {"id": "no-such"})
        refused = None
    except grpc.RpcError as error:
        refused = {
            "code": error.code().name,
            "details": any(key == "grpc-status-details-bin" for key, _ in error.trailing_metadata()),
        }
    answers = {
        "services": api.services(),
        "classified": classified,
        "compared": compared,
        "described": described,
        "reported": reported,
        "refused": refused,
    }
    print(json.dumps(answers))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])

"""What a child is asked, and what it answers: a line of JSON, with the lengths of the blobs that follow."""
import json


def handler(ops):
    """ops has for each op a function of the line's values and the blobs, which returns those of the answer."""
    def handle(request):
        end = request.index(b'\n')
        args = json.loads(request[:end].decode('utf-8'))
        at, blobs = end + 1, []
        for n in args['lengths']:
            blobs.append(request[at:at + n])
            at += n
        answer, out = ops[str(args['op'])](args, blobs)
        answer['lengths'] = [len(b) for b in out]
        return json.dumps(answer).encode('utf-8') + b'\n' + b''.join(out)
    return handle

# What a child runs first (see child.go): it gets the modules' sources, then answers frames with the last module's handle(request).
import linecache, os, struct, sys, traceback, types

if sys.platform == 'win32':
    import msvcrt
    msvcrt.setmode(0, os.O_BINARY)
    msvcrt.setmode(1, os.O_BINARY)
source = os.fdopen(os.dup(0), 'rb')
sink = os.fdopen(os.dup(1), 'wb')
# What a script prints goes to standard error, not between the frames.
os.dup2(2, 1)


def read_frame():
    head = source.read(4)
    if len(head) < 4:
        os._exit(0)  # the parent is gone, or has closed the pipe
    size = struct.unpack('>I', head)[0]
    data = source.read(size)
    if len(data) < size:
        os._exit(1)
    return data


def write_frame(status, data):
    sink.write(struct.pack('>IB', len(data) + 1, status))
    sink.write(data)
    sink.flush()


def load(name, text):
    module = types.ModuleType(name)
    module.__file__ = '<%s>' % name
    sys.modules[name] = module
    # Tracebacks show the lines.
    linecache.cache[module.__file__] = (len(text), None, text.splitlines(True), module.__file__)
    exec(compile(text, module.__file__, 'exec'), module.__dict__)
    return module


def main():
    module = None
    for _ in range(int(sys.argv[1])):
        name = str(read_frame().decode('ascii'))
        text = read_frame()
        if sys.version_info >= (3,):
            text = text.decode('utf-8')
        try:
            module = load(name, text)
        except BaseException:
            write_frame(1, traceback.format_exc().encode('utf-8', 'backslashreplace'))
            os._exit(1)
    write_frame(0, b'')
    while True:
        request = read_frame()
        try:
            reply = module.handle(request)
        except BaseException:
            text = traceback.format_exc()
            write_frame(1, text if isinstance(text, bytes) else text.encode('utf-8', 'backslashreplace'))
        else:
            write_frame(0, reply)


main()

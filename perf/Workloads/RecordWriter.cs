using System.Buffers;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Ingest.Perf.Workloads;

/// <summary>Writes a workload's messages in order, each a line of JSON of 150 to 250 bytes a record. Values come from a hash of department and number, so any record can be made again.</summary>
internal sealed class RecordWriter(Workload workload) : IDisposable
{
    // Repetitions reach so many records of their department back.
    private const long Reach = 4096;

    private static readonly string[] s_kinds = ["小型汽车", "大型客车", "摩托车", "挂车"];
    private static readonly string[] s_owners = ["王芳", "李伟", "张敏", "刘洋", "陈静", "杨帆", "赵磊", "黄丽", "欧阳娜", "司马光"];
    private static readonly DateTime s_firstDay = DateTime.UnixEpoch.AddDays(Workload.FirstDay);

    private readonly ArrayBufferWriter<byte> _buffer = new(1 << 16);
    private readonly Utf8JsonWriter _json = new(Stream.Null, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true });
    private readonly long[] _next = new long[Workload.Departments];

    /// <summary>Message <paramref name="message"/>, which must be the one after the last; valid until the next call.</summary>
    public (int Department, ReadOnlyMemory<byte> Payload) Next(long message)
    {
        var department = (int)(message % Workload.Departments);
        _buffer.ResetWrittenCount();
        _json.Reset(_buffer);
        if (workload.RecordsPerMessage > 1) _json.WriteStartArray();
        for (var i = 0; i < workload.RecordsPerMessage; i++) Write(department, Source(department, _next[department]++));
        if (workload.RecordsPerMessage > 1) _json.WriteEndArray();
        _json.Flush();
        return (department, _buffer.WrittenMemory);
    }

    public void Dispose() => _json.Dispose();

    /// <summary>Which record stands at a place: itself, or for each tenth an earlier one that is no repetition.</summary>
    private static long Source(int department, long at)
    {
        if (at % Workload.RepeatEvery != Workload.RepeatEvery - 1) return at;
        var earlier = at - 1 - (long)(Hash(department, at) % (ulong)Math.Min(at, Reach));
        return earlier % Workload.RepeatEvery == Workload.RepeatEvery - 1 ? earlier - 1 : earlier;
    }

    private void Write(int department, long number)
    {
        var hash = Hash(department, number);
        _json.WriteStartObject();
        _json.WriteString("id", string.Create(CultureInfo.InvariantCulture, $"{Workload.Department(department)}-{number:D10}"));
        _json.WriteString("dept", Workload.Department(department));
        _json.WriteString("plate", string.Create(CultureInfo.InvariantCulture, $"浙A{10_000 + (Take(ref hash, 90_000)):D5}"));
        _json.WriteString("kind", s_kinds[Take(ref hash, (uint)s_kinds.Length)]);
        _json.WriteString("owner", s_owners[Take(ref hash, (uint)s_owners.Length)]);
        _json.WriteString("district", string.Create(CultureInfo.InvariantCulture, $"3301{Take(ref hash, 14):D2}"));
        _json.WriteNumber("amount", Take(ref hash, 10_000_000) / 100m);
        _json.WriteNumber("points", Take(ref hash, 13));
        _json.WriteBoolean("active", Take(ref hash, 2) == 1);
        _json.WriteString("at", s_firstDay.AddDays(workload.Days?.Invoke(department, number) ?? number % Workload.Dates).AddSeconds(Hash(department, ~number) % 86_400).ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture));
        _json.WriteEndObject();
    }

    private static uint Take(ref ulong hash, uint among)
    {
        var taken = (uint)(hash % among);
        hash /= among;
        return taken;
    }

    /// <summary>SplitMix64, which needs no state.</summary>
    private static ulong Hash(int department, long number)
    {
        var z = unchecked((ulong)number + ((ulong)department << 40) + 0x9E3779B97F4A7C15);
        z = unchecked((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9);
        z = unchecked((z ^ (z >> 27)) * 0x94D049BB133111EB);
        return z ^ (z >> 31);
    }
}

using System.Buffers;
using System.Globalization;
using System.Text;

namespace Ingest.Tests.Memory.Harness;

/// <summary>The cases of the memory contract. A scale below 1 makes each of them smaller in number, never in kind.</summary>
internal static class MemoryCases
{
    public const string Columns =
        """
          - { name: id, type: string, required: true }
          - { name: amount, type: "decimal(12,2)" }
          - { name: owner, type: string }
          - { name: note, type: string }
          - { name: at, type: date, required: true }
        """;

    private const int Departments = 59;

    private static readonly DateTime s_firstDay = new(2016, 1, 1, 0, 0, 0, DateTimeKind.Unspecified);

    public static IReadOnlyList<MemoryCase> All(double scale, TimeSpan stall) =>
    [
        Backlog((long)(2_000_000 * scale)), Wide((int)Math.Max(1, 100 * scale)), Dates((long)(200_000 * scale)), Large((int)Math.Max(3, 48 * scale), 32_000_000),
        Huge((int)(1_000_000 * scale)), Stalled((long)(200_000 * scale), stall),
    ];

    public static MemoryCase Backlog(long transfers, int partitions = 1, bool needsKafka = true) => new()
    {
        Name = "backlog",
        What = $"a backlog of {transfers:N0} transfers of 20 records, {Departments} departments",
        NeedsKafka = needsKafka,
        Topics = Topics("backlog", Departments, partitions),
        Transfers = Arrays("backlog", Departments, transfers, 20, 4),
        Rows = transfers * 20,
    };

    public static MemoryCase Wide(int transfersPerPartition) => new()
    {
        Name = "wide",
        What = $"{Departments} topics of 32 partitions, {transfersPerPartition} transfers in each",
        Topics = Topics("wide", Departments, 32),
        Transfers = Arrays("wide", Departments, Departments * 32L * transfersPerPartition, 5, 4),
        Rows = Departments * 32L * transfersPerPartition * 5,
    };

    public static MemoryCase Dates(long transfers) => new()
    {
        Name = "dates",
        What = $"{transfers:N0} transfers whose records lie on 3,650 dates, 8 departments",
        Topics = Topics("dates", 8, 16),
        Transfers = Arrays("dates", 8, transfers, 10, 3650),
        Rows = transfers * 10,
    };

    /// <summary>An embedded broker keeps at least the last message of a partition, so each has one of its own.</summary>
    public static MemoryCase Large(int transfers, int bytes) => new()
    {
        Name = "large",
        What = $"{transfers} transfers of {bytes / 1e6:0.#} MB, each in a partition of its own",
        Topics = Topics("large", transfers, 1),
        Transfers = Enumerable.Range(0, transfers).Select(t => (Topic("large", t), "k", Padded(t, bytes))),
        Rows = transfers * 32L,
    };

    public static MemoryCase Huge(int records) => new()
    {
        Name = "huge",
        What = $"one transfer of {records:N0} records",
        Topics = Topics("huge", 1, 1),
        Transfers = [(Topic("huge", 0), "k", Tiny(records))],
        Rows = records,
    };

    public static MemoryCase Stalled(long transfers, TimeSpan stall) => new()
    {
        Name = "stall",
        What = $"a disk that takes nothing for {stall.TotalSeconds:F0} s, with {transfers:N0} transfers waiting",
        Topics = Topics("stall", Departments, 4),
        Transfers = Arrays("stall", Departments, transfers, 10, 4),
        Rows = transfers * 10,
        Stall = stall,
    };

    private static string Topic(string name, int department) => string.Create(CultureInfo.InvariantCulture, $"memory-{name}.d{department:00}");

    private static (string, int)[] Topics(string name, int departments, int partitions) => [.. Enumerable.Range(0, departments).Select(d => (Topic(name, d), partitions))];

    /// <summary>Transfers that are arrays of records; departments take turns.</summary>
    private static IEnumerable<(string, string, ReadOnlyMemory<byte>)> Arrays(string name, int departments, long transfers, int records, int dates)
    {
        var buffer = new ArrayBufferWriter<byte>(1 << 14);
        for (var t = 0L; t < transfers; t++)
        {
            buffer.ResetWrittenCount();
            for (var r = 0; r < records; r++)
            {
                var number = (t * records) + r;
                var day = s_firstDay.AddDays(number * 7919 % dates);
                Write(buffer, r == 0 ? "[" : ",");
                Write(buffer, string.Create(CultureInfo.InvariantCulture, $"{{\"id\":\"{number:D12}\",\"amount\":{number % 100_000}.25,\"owner\":\"王芳 {number % 997}\",\"note\":\"过期未缴 {number * 31 % 65_521:x} 请于 {number % 29} 日内办理 {number:x16}\",\"at\":\"{day:yyyy-MM-dd}\"}}"));
            }

            Write(buffer, "]");
            yield return (Topic(name, (int)(t % departments)), string.Create(CultureInfo.InvariantCulture, $"{t}"), buffer.WrittenMemory);
        }
    }

    /// <summary>32 records that together weigh so many bytes.</summary>
    private static ReadOnlyMemory<byte> Padded(int transfer, int bytes)
    {
        var buffer = new ArrayBufferWriter<byte>(bytes + 4096);
        for (var r = 0; r < 32; r++)
        {
            Write(buffer, string.Create(CultureInfo.InvariantCulture, $"{(r == 0 ? '[' : ',')}{{\"id\":\"{transfer}-{r}\",\"at\":\"2026-03-02\",\"note\":\""));
            var pad = buffer.GetSpan((bytes / 32) - 64)[..((bytes / 32) - 64)];
            for (var i = 0; i < pad.Length; i++) pad[i] = (byte)('a' + ((i * 31 + transfer + r) % 26));
            buffer.Advance(pad.Length);
            Write(buffer, "\"}");
        }

        Write(buffer, "]");
        return buffer.WrittenMemory;
    }

    private static ReadOnlyMemory<byte> Tiny(int records)
    {
        var buffer = new ArrayBufferWriter<byte>(records * 32);
        for (var r = 0; r < records; r++) Write(buffer, string.Create(CultureInfo.InvariantCulture, $"{(r == 0 ? '[' : ',')}{{\"id\":\"{r}\",\"at\":\"20260302\"}}"));
        Write(buffer, "]");
        return buffer.WrittenMemory;
    }

    private static void Write(ArrayBufferWriter<byte> buffer, string text) => buffer.Advance(Encoding.UTF8.GetBytes(text, buffer.GetSpan(Encoding.UTF8.GetMaxByteCount(text.Length))));
}

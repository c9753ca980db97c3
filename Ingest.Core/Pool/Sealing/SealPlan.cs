using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;

namespace Ingest.Core.Pool.Sealing;

/// <summary>
/// What will be merged into what. A plan is an object of its own, created put-if-absent before any file of it is written, and numbered without gaps; the next
/// one is made only when this one is in the log, or can never be. So whoever carries it out, a retry or a zombie, writes the same rows under the same names.
/// </summary>
/// <param name="Number">From 0.</param>
/// <param name="Id">Transaction id of the log entry that will carry it out: by it one sees that somebody has.</param>
/// <param name="Version">Log version at which all inputs were live.</param>
internal sealed record SealPlan(long Number, Guid Id, long Version, ImmutableArray<SealItem> Items)
{
    public const string Folder = "_seal/";

    /// <summary>What comes before a data file's name where it is noted that the name must stay taken.</summary>
    public const string Taken = Folder + "taken/";

    private const string Prefix = Folder + "plan-";

    /// <summary>What names of plans start with.</summary>
    public static string Names => Prefix;

    public static string Name(long number) => string.Create(CultureInfo.InvariantCulture, $"{Prefix}{number:D20}.json");

    public static bool TryParseName(string name, out long number)
    {
        number = 0;
        return name.StartsWith(Prefix, StringComparison.Ordinal) && name.EndsWith(".json", StringComparison.Ordinal)
            && long.TryParse(name.AsSpan(Prefix.Length, name.Length - Prefix.Length - ".json".Length), NumberStyles.None, CultureInfo.InvariantCulture, out number);
    }

    public byte[] Write()
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteNumber("plan", Number);
            writer.WriteString("txnId", Id.ToString("D"));
            writer.WriteNumber("version", Version);
            writer.WriteStartArray("items");
            foreach (var item in Items) item.Write(writer);
            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        return buffer.ToArray();
    }

    /// <exception cref="InvalidDataException">This is not a plan.</exception>
    public static SealPlan Read(string name, ReadOnlyMemory<byte> content)
    {
        try
        {
            using var json = JsonDocument.Parse(content);
            var root = json.RootElement;
            return new SealPlan(
                root.GetProperty("plan").GetInt64(),
                root.GetProperty("txnId").GetGuid(),
                root.GetProperty("version").GetInt64(),
                [.. root.GetProperty("items").EnumerateArray().Select(SealItem.Read)]);
        }
        catch (Exception malformed) when (malformed is JsonException or InvalidOperationException or FormatException or KeyNotFoundException)
        {
            throw new InvalidDataException($"{name} is not a plan for sealing: {malformed.Message} Nothing of this table is sealed until it is restored, or deleted while no worker runs.", malformed);
        }
    }
}

/// <summary>Files of one partition that become one.</summary>
/// <param name="Output">The new file: in the partition's folder when it is sealed, else among the recent ones.</param>
internal sealed record SealItem(string Output, ImmutableSortedDictionary<string, string?> PartitionValues, ImmutableArray<SealInput> Inputs, long SinceMs, long UntilMs)
{
    public bool IsSealed => TableLayout.IsSealed(Output);

    public long Bytes => Inputs.Sum(i => i.Size);

    public long Rows => Inputs.Sum(i => i.Rows);

    public UInt128 KeySum => Inputs.Aggregate(UInt128.Zero, (s, i) => s + i.KeySum);

    public void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("output", Output);
        writer.WriteNumber("since", SinceMs);
        writer.WriteNumber("until", UntilMs);
        writer.WriteStartObject("partitionValues");
        foreach (var (key, value) in PartitionValues) writer.WriteString(key, value);
        writer.WriteEndObject();
        writer.WriteStartArray("inputs");
        foreach (var input in Inputs)
        {
            writer.WriteStartObject();
            writer.WriteString("path", input.Path);
            writer.WriteNumber("size", input.Size);
            writer.WriteNumber("rows", input.Rows);
            writer.WriteString("keySum", input.KeySum.ToString("x32", CultureInfo.InvariantCulture));
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    public static SealItem Read(JsonElement json) => new(
        json.GetProperty("output").GetString()!,
        json.GetProperty("partitionValues").EnumerateObject().ToImmutableSortedDictionary(p => p.Name, p => p.Value.GetString(), StringComparer.Ordinal),
        [.. json.GetProperty("inputs").EnumerateArray().Select(i => new SealInput(
            i.GetProperty("path").GetString()!,
            i.GetProperty("size").GetInt64(),
            i.GetProperty("rows").GetInt64(),
            UInt128.Parse(i.GetProperty("keySum").GetString()!, NumberStyles.HexNumber, CultureInfo.InvariantCulture)))],
        json.GetProperty("since").GetInt64(),
        json.GetProperty("until").GetInt64());
}

/// <summary>A file to be merged, with what the log says of it.</summary>
internal sealed record SealInput(string Path, long Size, long Rows, UInt128 KeySum);

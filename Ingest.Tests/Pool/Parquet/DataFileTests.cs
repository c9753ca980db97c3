using System.Globalization;
using System.Numerics;
using System.Text;
using System.Text.Json;
using CsCheck;
using DuckDB.NET.Data;
using Ingest.Core.Batching;
using Ingest.Core.Contracts;
using Ingest.Core.Deduplicating;
using Ingest.Core.Normalizing;
using Ingest.Core.Pool.Parquet;
using Ingest.Tests.Batching;
using Ingest.Tests.Contracts;
using Ingest.Tests.Stores;

namespace Ingest.Tests.Pool.Parquet;

/// <summary>Files of ours as another reader sees them: DuckDB, which shares no line of code with us.</summary>
public sealed class DataFileTests : IDisposable
{
    private static readonly DatasetPlan s_plan = TypedRows.AllTypes.Datasets[0].Plan;
    private static readonly string[] s_columns = ["s", "i", "l", "f", "p7", "p18", "p38", "b", "t"];

    private readonly TemporaryFolder _folder = new();
    private readonly DuckDBConnection _duck = new("DataSource=:memory:");
    private int _files;

    public DataFileTests()
    {
        _duck.Open();
        Ask("SET TimeZone = 'UTC'");
    }

    public void Dispose()
    {
        _duck.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void Every_value_reads_back_in_DuckDB() => TypedRows.Row.List[1, 80].Sample(rows =>
    {
        var (file, dated) = Write(rows);
        var found = Ask($"SELECT hex(encode(s)), i, l, f, p7::VARCHAR, p18::VARCHAR, p38::VARCHAR, b, epoch_us(t) FROM '{file}' ORDER BY _offset");
        Assert.Equal(dated.Select(Expected), found);
    }, iter: 25, threads: 1);

    [Theory]
    [InlineData("constant")]
    [InlineData("runs")]
    [InlineData("few")]
    [InlineData("sorted")]
    [InlineData("many")]
    [InlineData("extremes")]
    [InlineData("mostly null")]
    [InlineData("null runs")]
    public async Task Columns_of_every_shape_and_more_than_a_page_read_back_in_both_readers(string shape)
    {
        // More rows than a page has, than a block of differences, than a dictionary takes; a group of eight is left unfinished.
        const int Rows = (64 << 10) + 1_003;
        var rows = Enumerable.Range(0, Rows).Select(row => Shaped(shape, row)).ToArray();
        var (file, dated) = Write(rows);
        var found = Ask($"SELECT hex(encode(s)), i, l, f, p7::VARCHAR, p18::VARCHAR, p38::VARCHAR, b, epoch_us(t) FROM '{file}' ORDER BY _offset, _position");
        Assert.Equal(dated.Select(Expected), found);

        var batch = Assert.Single(TypedRows.Seal(TypedRows.AllTypes, dated));
        using var encoded = await new DataFileWriter().EncodeAsync(s_plan, batch, Guid.Empty, default);
        using var content = new MemoryStream(encoded.Content.ToArray());
        await using var reader = await DataFileReader.OpenAsync(content, s_plan, new Dictionary<string, string?> { ["department"] = batch.Values[0], ["event_date"] = batch.Values[1] }, default);
        var records = new NormalizedRecords(s_plan);
        await reader.ReadAsync(0, records, default);
        new Fingerprinter(s_plan).Fingerprint(records, batch.Values[0]!);
        Assert.Equal(batch.Keys, records.Keys[..records.Count]);
    }

    private static object?[] Shaped(string shape, int row)
    {
        var value = shape switch
        {
            "constant" => 7L,
            "runs" => row / 1_000,
            "few" => row * 7_919L % 37,
            "sorted" => row / 4,
            "many" => row * 2_654_435_761L % 1_000_003,
            "extremes" => row % 2 == 0 ? 9_999_999 : -9_999_999,
            "mostly null" => row % 11 == 0 ? row : null,
            _ => row / 500 % 2 == 0 ? row : (long?)null,
        };
        if (value is not { } v) return new object?[10];
        var (least, greatest) = (shape == "extremes" && row % 2 != 0, shape == "extremes" && row % 2 == 0);
        return
        [
            $"text {v}", least ? int.MinValue : greatest ? int.MaxValue : (int)v, least ? long.MinValue : greatest ? long.MaxValue : v, v / 8.0, v, v * 100_000, (Int128)v * 10_000_000_000_000_000, v % 2 == 0, 5, v * 1_000_003,
        ];
    }

    [Theory]
    [InlineData("sorted", "DELTA_BINARY_PACKED", "i", "l", "p7", "p18", "t")]
    [InlineData("shuffled", "DELTA_BINARY_PACKED", "i", "l", "p7")]
    [InlineData("shuffled", "DICTIONARY", "t")]
    [InlineData("few", "DICTIONARY", "i", "l", "p7", "p18", "t")]
    [InlineData("many", "DELTA_BINARY_PACKED", "i", "l", "p7", "p18", "t")]
    public void Integers_get_the_smaller_encoding(string shape, string encoding, params string[] columns)
    {
        // Of "shuffled", the same five thousand values as of "sorted", differences need as many bits as the values: dense ones few, times 33.
        const int Rows = 20_000;
        var order = Enumerable.Range(0, Rows).ToArray();
        if (shape == "shuffled") new Random(7).Shuffle(order);
        var (file, _) = Write([.. order.Select(row => Shaped(shape == "shuffled" ? "sorted" : shape, row))]);
        foreach (var column in columns) Assert.Contains(encoding, Assert.Single(Ask($"SELECT encodings FROM parquet_metadata('{file}') WHERE path_in_schema = '{column}'")), StringComparison.Ordinal);
    }

    /// <summary>Values that hold for a while: as a dictionary's numbers they are a few runs, as differences a jump in each block.</summary>
    [Theory]
    [InlineData(2_000, 65)]
    [InlineData(1_000, 131)]
    public void Integers_that_come_in_long_runs_are_numbers_of_a_dictionary(int values, int run)
    {
        var jump = new Random(3).GetItems(Enumerable.Range(1, values).Select(v => v * 1_000_003L).ToArray(), 131_072 / run);
        var (file, _) = Write([.. Enumerable.Range(0, jump.Length * run).Select(row => { var cells = new object?[10]; (cells[2], cells[8]) = (jump[row / run], 5); return cells; })]);
        Assert.Contains("DICTIONARY", Assert.Single(Ask($"SELECT encodings FROM parquet_metadata('{file}') WHERE path_in_schema = 'l'")), StringComparison.Ordinal);
    }

    [Fact]
    public void Columns_have_the_types_that_Delta_asks_for()
    {
        var (file, _) = Write([new object?[10]]);
        Assert.Equal(
            [
                "s|BYTE_ARRAY|StringType()", "i|INT32|IntType(bitWidth= , isSigned=1)", "l|INT64|IntType(bitWidth=@, isSigned=1)", "f|DOUBLE|", "p7|INT32|DecimalType(scale=2, precision=7)", "p18|INT64|DecimalType(scale=6, precision=18)",
                "p38|FIXED_LEN_BYTE_ARRAY|DecimalType(scale=10, precision=38)", "b|BOOLEAN|", "d|INT32|DateType()",
                "t|INT64|TimestampType(isAdjustedToUTC=1, unit=TimeUnit(MILLIS=<null>, MICROS=MicroSeconds(), NANOS=<null>))",
            ],
            Ask($"SELECT name, type, coalesce(logical_type, '') FROM parquet_schema('{file}') WHERE name NOT LIKE '\\_%' ESCAPE '\\' AND type IS NOT NULL"));
        Assert.Equal(["ZSTD"], Ask($"SELECT DISTINCT compression FROM parquet_metadata('{file}')"));
        Assert.Equal(["VARCHAR", "INTEGER", "BIGINT", "DOUBLE", "DECIMAL(7,2)", "DECIMAL(18,6)", "DECIMAL(38,10)", "BOOLEAN", "DATE", "TIMESTAMP WITH TIME ZONE"], Ask($"SELECT column_type FROM (DESCRIBE SELECT s, i, l, f, p7, p18, p38, b, d, t FROM '{file}')"));
    }

    [Fact]
    public void Skipping_by_the_footers_statistics_loses_no_row() => TypedRows.Row.List[1, 40].Sample(rows =>
    {
        var (file, dated) = Write([.. rows.Where(r => r[0] is not string s || !s.Contains('\0', StringComparison.Ordinal))]);
        if (dated.Length == 0) return;
        Ask($"CREATE OR REPLACE TABLE whole AS SELECT * FROM '{file}'");
        foreach (var column in s_columns)
        {
            foreach (var pick in new[] { "min", "max", "median" })
            {
                var value = column is "s" or "b" && pick == "median" ? $"(SELECT {column} FROM whole WHERE {column} IS NOT NULL LIMIT 1)" : column == "p38" && pick == "median" ? "(SELECT p38 FROM whole WHERE p38 IS NOT NULL LIMIT 1)" : $"(SELECT {pick}({column}) FROM whole)";
                if (Ask($"SELECT {value} IS NULL")[0] == "True") continue;
                var literal = Literal(column, value);
                foreach (var op in new[] { ">=", "<=", "=" })
                    Assert.Equal(Ask($"SELECT count(*) FROM whole WHERE {column} {op} {literal}"), Ask($"SELECT count(*) FROM '{file}' WHERE {column} {op} {literal}"));
            }

            Assert.Equal(Ask($"SELECT count(*) FROM whole WHERE {column} IS NULL"), Ask($"SELECT count(*) FROM '{file}' WHERE {column} IS NULL"));
        }
    }, iter: 15, threads: 1);

    [Fact]
    public void Footer_statistics_are_those_of_the_values()
    {
        object?[] Row(string s, long l, long p18, Int128 p38, long t) => [s, (int)l, l, (double)l, l, p18, p38, null, 5, t];
        var (file, _) = Write([Row("b", -5, -7_000_000, -10_000_000_000, -1), Row("中", 70_000, 8_500_000, 25_000_000_000, 1_600_000_000_123_456), new object?[10]]);
        Assert.Equal(
            ["i|-5|70000|1", "l|-5|70000|1", "f|-5.0|70000.0|1", "p7|-0.05|700.00|1", "p18|-7.000000|8.500000|1", "p38|-1.0000000000|2.5000000000|1", "b|∅|∅|3", "t|1969-12-31 23:59:59.999999+00|2020-09-13 12:26:40.123456+00|1"],
            Ask($"SELECT path_in_schema, stats_min_value, stats_max_value, stats_null_count FROM parquet_metadata('{file}') WHERE path_in_schema IN ('i', 'l', 'f', 'p7', 'p18', 'p38', 'b', 't')").Select(l => l.Replace("b|||3", "b|∅|∅|3", StringComparison.Ordinal)));
    }

    [Fact]
    public Task A_file_read_back_has_the_fingerprints_it_was_written_with() => TypedRows.Row.List[1, 60].SampleAsync(async rows =>
    {
        foreach (var batch in TypedRows.Seal(TypedRows.AllTypes, [.. rows.Select(r => (object?[])[.. r, "{\"x\":1}"])]))
        {
            using var encoded = await new DataFileWriter().EncodeAsync(s_plan, batch, Guid.Empty, default);
            var sum = batch.Keys.Aggregate(UInt128.Zero, (s, k) => s + k);
            Assert.Equal((sum, (long)batch.RowCount, (long)encoded.Content.Length), (encoded.File.KeySum, encoded.File.Rows, encoded.File.Bytes));
            var values = new Dictionary<string, string?> { ["department"] = batch.Values[0], ["event_date"] = batch.Values[1] };
            using var content = new MemoryStream(encoded.Content.ToArray());
            await using var reader = await DataFileReader.OpenAsync(content, s_plan, values, default);
            var keys = new List<UInt128>();
            var records = new NormalizedRecords(s_plan);
            for (var group = 0; group < reader.RowGroups; group++)
            {
                await reader.ReadAsync(group, records, default);
                new Fingerprinter(s_plan).Fingerprint(records, batch.Values[0]!);
                keys.AddRange(records.Keys[..records.Count]);
            }

            Assert.Equal(batch.Keys, keys);
        }
    }, iter: 10);

    [Fact]
    public async Task Columns_in_folder_names_and_columns_of_later_contracts_are_filled_in_when_reading()
    {
        var columns = new[] { "name: kind, type: string", "name: n, type: long", "name: ok, type: boolean", "name: d, type: date", "name: i, type: int", "name: v, type: int" };
        var topic = Yaml.Topic(Yaml.Cars("partition: [kind, n, ok, d, i]", columns));
        object?[] row = ["沪 a", -7L, true, -1, 3, 9];
        var batch = Assert.Single(TypedRows.Seal(topic, [row]));
        using var encoded = await new DataFileWriter().EncodeAsync(topic.Datasets[0].Plan, batch, Guid.Empty, default);
        Assert.Equal($"recent/kind=沪 a/n=-7/ok=true/d=1969-12-31/i=3/part-{Guid.Empty:N}.zstd.parquet", encoded.File.Path);
        var widened = Yaml.Topic(Yaml.Cars("partition: [kind, n, ok, d, i]", [.. columns, "name: late, type: string"])).Datasets[0].Plan;
        using var content = new MemoryStream(encoded.Content.ToArray());
        await using var reader = await DataFileReader.OpenAsync(content, widened, topic.Datasets[0].Plan.Partitioning.Zip(batch.Values).ToDictionary(p => p.First.Name, p => p.Second), default);
        var records = new NormalizedRecords(widened);
        await reader.ReadAsync(0, records, default);
        var expected = new NormalizedRecords(widened);
        TypedRows.Fill(expected, [[.. row, null]]);
        foreach (var r in new[] { records, expected }) new Fingerprinter(widened).Fingerprint(r, "police");
        Assert.Equal(expected.Keys[0], records.Keys[0]);
        Assert.Equal(0, records.Columns[6].Valid[0]);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(4)]
    [InlineData(200)]
    public async Task What_is_no_parquet_file_is_said_to_be_none(int length)
    {
        using var content = new MemoryStream(new byte[length]);
        await Assert.ThrowsAsync<InvalidDataException>(async () => await DataFileReader.OpenAsync(content, s_plan, new Dictionary<string, string?>(), default));
    }

    /// <summary>Sealing leaves a damaged file alone and goes on with the others; it knows one by this exception only.</summary>
    [Fact]
    public async Task A_file_with_a_byte_changed_is_read_or_said_to_be_damaged()
    {
        var batch = Assert.Single(TypedRows.Seal(TypedRows.AllTypes, Enumerable.Range(0, 40).Select(row => Shaped("few", row)).ToArray()));
        using var encoded = await new DataFileWriter().EncodeAsync(s_plan, batch, Guid.Empty, default);
        var bytes = encoded.Content.ToArray();
        var values = new Dictionary<string, string?> { ["department"] = batch.Values[0], ["event_date"] = batch.Values[1] };
        var records = new NormalizedRecords(s_plan);
        var damaged = 0;
        for (var i = 0; i < bytes.Length; i++)
        {
            bytes[i] ^= 0x41;
            try
            {
                await using var reader = await DataFileReader.OpenAsync(new MemoryStream(bytes), s_plan, values, default);
                for (var group = 0; group < reader.RowGroups; group++) await reader.ReadAsync(group, records, default);
            }
            catch (InvalidDataException)
            {
                damaged++;
            }

            bytes[i] ^= 0x41;
        }

        Assert.True(damaged > bytes.Length / 10, $"{damaged} of {bytes.Length} changes were noticed by the reader.");
    }

    [Fact]
    public void Deltas_bounds_lie_on_or_outside_of_the_values() => TypedRows.Row.List[1, 30].Sample(rows =>
    {
        var dated = Dated(rows);
        using var stats = JsonDocument.Parse(Stats(Assert.Single(TypedRows.Seal(TypedRows.AllTypes, dated))));
        var (min, max) = (stats.RootElement.GetProperty("minValues"), stats.RootElement.GetProperty("maxValues"));
        Assert.Equal(rows.Count, stats.RootElement.GetProperty("numRecords").GetInt32());
        for (var c = 0; c < 10; c++)
        {
            var name = s_plan.Columns[c].Name;
            var values = dated.Select(r => r[c]).Where(v => v is not null).ToArray();
            Assert.Equal(rows.Count - values.Length, stats.RootElement.GetProperty("nullCount").GetProperty(name).GetInt32());
            if (min.TryGetProperty(name, out var low)) Assert.All(values, v => Assert.True(Compare(c, low, v!) <= 0, $"{name}: {low} > {v}"));
            if (max.TryGetProperty(name, out var high)) Assert.All(values, v => Assert.True(Compare(c, high, v!) >= 0, $"{name}: {high} < {v}"));
            Assert.Equal(values.Length > 0 && name != "b", min.TryGetProperty(name, out _));
        }
    }, iter: 300);

    [Theory]
    [InlineData("short", "short", "short")]
    [InlineData("0123456789012345678901234567890123456789", "01234567890123456789012345678901", "01234567890123456789012345678901\U0010FFFF")]
    [InlineData("012345678901234567890123456789 😀x", "012345678901234567890123456789 ", "012345678901234567890123456789 \U0010FFFF")]
    [InlineData("01234567890123456789012345678901\U0010FFFFx", "01234567890123456789012345678901", null)]
    public void Bounds_of_long_texts_are_cut_outwards(string text, string min, string? max)
    {
        using var stats = JsonDocument.Parse(Stats(TypedRows.Seal(TypedRows.AllTypes, [[text, null, null, null, null, null, null, null, null, null]])[0]));
        Assert.Equal(min, stats.RootElement.GetProperty("minValues").GetProperty("s").GetString());
        Assert.Equal(max, stats.RootElement.GetProperty("maxValues").TryGetProperty("s", out var bound) ? bound.GetString() : null);
    }

    private static string Stats(PartitionBatch batch)
    {
        using var encoded = new DataFileWriter().EncodeAsync(s_plan, batch, Guid.Empty, default).AsTask().GetAwaiter().GetResult();
        return encoded.File.StatsJson;
    }

    private static object?[][] Dated(IEnumerable<object?[]> rows) => [.. rows.Select(r => (object?[])[.. r[..8], 5, r[9]])];

    /// <summary>Rows of one date in one file; also gives them back.</summary>
    private (string File, object?[][] Rows) Write(IReadOnlyList<object?[]> rows)
    {
        var file = Path.Combine(_folder.Path, $"{_files++}.parquet").Replace('\\', '/');
        var dated = Dated(rows);
        if (dated.Length == 0) return (file, dated);
        using var encoded = new DataFileWriter().EncodeAsync(s_plan, Assert.Single(TypedRows.Seal(TypedRows.AllTypes, dated)), Guid.Empty, default).AsTask().GetAwaiter().GetResult();
        File.WriteAllBytes(file, encoded.Content.ToArray());
        return (file, dated);
    }

    private static string Expected(object?[] r)
    {
        object?[] cells = [r[0] is string s ? Convert.ToHexString(Encoding.UTF8.GetBytes(s)) : null, r[1], r[2], r[3], Decimal(r[4], 2), Decimal(r[5], 6), Decimal(r[6], 10), r[7], r[9]];
        return string.Join('|', cells.Select(Show));
    }

    private static string? Decimal(object? unscaled, int scale)
    {
        if (unscaled is null) return null;
        var value = unscaled is long l ? l : (BigInteger)(Int128)unscaled;
        var digits = BigInteger.Abs(value).ToString(CultureInfo.InvariantCulture).PadLeft(scale + 1, '0');
        return $"{(value < 0 ? "-" : "")}{digits[..^scale]}.{digits[^scale..]}";
    }

    private static string Show(object? value) => value switch
    {
        null or DBNull => "∅",
        double d => d.ToString("R", CultureInfo.InvariantCulture),
        IFormattable f => f.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString()!,
    };

    private static int Compare(int column, JsonElement bound, object value) => value switch
    {
        string s => Encoding.UTF8.GetBytes(bound.GetString()!).AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(s)),
        double d => bound.GetDouble().CompareTo(d),
        int day when column == 8 => DateOnly.ParseExact(bound.GetString()!, "yyyy-MM-dd", CultureInfo.InvariantCulture).DayNumber.CompareTo(day + 719_162),
        long micros when column == 9 => DateTimeOffset.Parse(bound.GetString()!, CultureInfo.InvariantCulture).Subtract(DateTimeOffset.UnixEpoch).Ticks.CompareTo(micros * 10),
        long or Int128 when column is 4 or 5 or 6 => BigInteger.Parse(bound.GetRawText().Replace(".", "", StringComparison.Ordinal), CultureInfo.InvariantCulture).CompareTo(value is long l ? l : (BigInteger)(Int128)value),
        _ => bound.GetInt64().CompareTo(Convert.ToInt64(value, CultureInfo.InvariantCulture)),
    };

    private string Literal(string column, string value)
    {
        var text = Ask($"SELECT replace(({value})::VARCHAR, '''', '''''')")[0];
        var type = Ask($"SELECT typeof({value})")[0];
        return column == "s" ? $"'{text}'" : $"'{text}'::{type}";
    }

    private List<string> Ask(string sql)
    {
        using var command = _duck.CreateCommand();
        command.CommandText = sql;
        using var reader = command.ExecuteReader();
        var rows = new List<string>();
        while (reader.Read()) rows.Add(string.Join('|', Enumerable.Range(0, reader.FieldCount).Select(i => Show(reader.GetValue(i)))));
        return rows;
    }
}

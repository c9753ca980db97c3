using System.Collections.Immutable;
using System.Text.Json;
using Ingest.Core.Pool.Delta;

namespace Ingest.Tests.Pool.Delta;

/// <summary>What another engine may have made of a table, and whether we may still write to it.</summary>
public sealed class TableSupportTests
{
    private const string Plain = """{"name":"plate","type":"string","nullable":true,"metadata":{}}""";

    [Fact]
    public void A_plain_table_is_fine() => Assert.Null(TableSupport.Problem(Table([Plain])));

    [Theory]
    [InlineData(1, 3, "writer version 3")]
    [InlineData(2, 5, "reader version 2")]
    [InlineData(3, 7, "reader version 3")]
    public void One_that_was_upgraded_is_refused(int reader, int writer, string why)
    {
        var table = Table([Plain]) with { Protocol = new LogAction.Protocol(reader, writer, ["deletionVectors"], []) };
        Assert.Contains(why, TableSupport.Problem(table), StringComparison.Ordinal);
        Assert.Equal(reader > 1, TableSupport.ReadProblem(table)?.Contains("(deletionVectors)", StringComparison.Ordinal) == true);
    }

    [Fact]
    public void One_without_protocol_or_metadata_is_no_table()
    {
        Assert.Contains("no protocol", TableSupport.Problem(Table([Plain]) with { Protocol = null }), StringComparison.Ordinal);
        Assert.Contains("no protocol or no metadata", TableSupport.Problem(Table([Plain]) with { Metadata = null }), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("delta.columnMapping.mode", "name", true)]
    [InlineData("delta.columnMapping.mode", "none", false)]
    [InlineData("delta.enableDeletionVectors", "true", true)]
    [InlineData("delta.enableDeletionVectors", "false", false)]
    [InlineData("Delta.EnableChangeDataFeed", "true", true)]
    [InlineData("delta.constraints.positive", "amount > 0", true)]
    [InlineData("delta.feature.appendOnly", "supported", true)]
    [InlineData("delta.setTransactionRetentionDuration", "interval 7 days", true)]
    [InlineData("delta.logRetentionDuration", "interval 7 days", false)]
    [InlineData("delta.appendOnly", "true", false)]
    [InlineData("somebody.elses", "true", false)]
    public void Properties_that_oblige_a_writer_are_refused(string key, string value, bool isRefused)
    {
        var problem = TableSupport.Problem(Table([Plain], (key, value)));
        if (isRefused) Assert.Equal($"its property {key} is '{value}', which asks of writers what is not supported here. Unset it.", problem);
        else Assert.Null(problem);
    }

    [Theory]
    [InlineData("""{"name":"a","type":"long","nullable":true,"metadata":{"delta.invariants":"{}"}}""", "'a' has 'delta.invariants'")]
    [InlineData("""{"name":"a","type":"long","nullable":true,"metadata":{"delta.generationExpression":"b+1"}}""", "'a' has 'delta.generationExpression'")]
    [InlineData("""{"name":"a","type":"long","nullable":true,"metadata":{"delta.identity.start":1}}""", "'a' has 'delta.identity.'")]
    [InlineData("""{"name":"a","type":"long","nullable":true,"metadata":{"CURRENT_DEFAULT":"1"}}""", "'a' has 'CURRENT_DEFAULT'")]
    [InlineData("""{"name":"a","type":{"type":"struct","fields":[{"name":"b","type":"long","nullable":true,"metadata":{"delta.invariants":"{}"}}]},"nullable":true,"metadata":{}}""", "'a' has 'delta.invariants'")]
    [InlineData("""{"name":"a","type":"long","nullable":false,"metadata":{}}""", "'a' must not be null")]
    [InlineData("""{"name":"Plate","type":"long","nullable":true,"metadata":{}}""", "its columns 'plate' and 'Plate' differ in case alone")]
    public void Columns_that_oblige_a_writer_are_refused(string column, string why) =>
        Assert.Contains(why, TableSupport.Problem(Table([Plain, column])), StringComparison.Ordinal);

    [Theory]
    [InlineData("not JSON")]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("""{"fields":3}""")]
    [InlineData("""{"fields":[3]}""")]
    [InlineData("""{"fields":[{}]}""")]
    [InlineData("""{"fields":[{"name":"a"}]}""")]
    [InlineData("""{"fields":[{"name":3,"type":"long"}]}""")]
    public void A_schema_that_is_none_is_told_in_a_sentence(string schema)
    {
        var table = Table([Plain]);
        Assert.StartsWith("its schema ", TableSupport.Problem(table with { Metadata = table.Metadata! with { SchemaString = schema } }), StringComparison.Ordinal);
    }

    [Fact]
    public void What_a_schema_lacks_of_another_is_named()
    {
        var have = Schema(Plain, """{"name":"Axles","type":"integer","nullable":true,"metadata":{}}""");
        Assert.Null(TableSupport.Missing(have, Schema("""{"name":"axles","type":"integer","nullable":true,"metadata":{}}""")));
        Assert.Equal("column 'colour' is not in the table.", TableSupport.Missing(have, Schema("""{"name":"colour","type":"string","nullable":true,"metadata":{}}""")));
        Assert.StartsWith("column 'axles' is int in the table and long in the contract.", TableSupport.Missing(have, Schema("""{"name":"axles","type":"long","nullable":true,"metadata":{}}""")), StringComparison.Ordinal);
    }

    [Fact]
    public void A_widened_schema_has_the_new_columns_at_its_end_and_its_own_as_they_were()
    {
        const string Own = """{"name":"颜色","type":"string","nullable":true,"metadata":{"comment":"<colour> & 'more'"}}""";
        const string New = """{"name":"axles","type":"integer","nullable":true,"metadata":{}}""";
        var widened = TableSupport.Widened(Schema(Own, Plain), Schema(New, Plain));
        Assert.Equal(Schema(Own, Plain, New), widened);
        Assert.Null(TableSupport.Problem(Table([Own, Plain, New])));
        Assert.Equal(3, JsonDocument.Parse(widened).RootElement.GetProperty("fields").GetArrayLength());
        Assert.Equal(widened, TableSupport.Widened(widened, Schema(New, Plain)));
    }

    /// <summary>What was found is remembered by the text of a schema; the same columns in another text, and another table with the same text, are judged by themselves.</summary>
    [Fact]
    public void What_was_found_of_one_schema_is_not_said_of_another()
    {
        for (var i = 0; i < 3; i++)
        {
            Assert.Null(TableSupport.Problem(Table([Plain])));
            Assert.NotNull(TableSupport.Problem(Table([Plain.Replace("true", "false", StringComparison.Ordinal)])));
            Assert.NotNull(TableSupport.Problem(Table([Plain], ("delta.enableRowTracking", "true"))));
        }
    }

    private static string Schema(params string[] columns) => $$"""{"type":"struct","fields":[{{string.Join(',', columns)}}]}""";

    private static Snapshot Table(string[] columns, params (string Key, string Value)[] configuration) => new()
    {
        Version = 0,
        Protocol = new LogAction.Protocol(1, 2, [], []),
        Metadata = new LogAction.Metadata("id", Schema(columns), [], configuration.ToImmutableSortedDictionary(c => c.Key, c => c.Value, StringComparer.Ordinal), null, null, null),
    };
}

using Ingest.Core.Contracts;
using Ingest.Core.Decoding;

namespace Ingest.Tests.Normalizing;

public sealed class BooleanTests
{
    [Theory]
    [InlineData("是", "true")]
    [InlineData("真", "true")]
    [InlineData("TRUE", "true")]
    [InlineData("Yes", "true")]
    [InlineData("1", "true")]
    [InlineData("否", "false")]
    [InlineData(" n ", "false")]
    [InlineData("0", "false")]
    [InlineData("是的", "<type-mismatch>")]
    [InlineData("2", "<type-mismatch>")]
    [InlineData("", null)]
    public void Default_words(string text, string? expected) => Assert.Equal(expected, One.Read(One.Column(ColumnType.Boolean), text));

    [Fact]
    public void The_contracts_words_replace_the_default_but_not_json_itself()
    {
        var column = One.Column(ColumnType.Boolean) with { TrueWords = ["É"], FalseWords = ["ohne"] };
        Assert.Equal("true", One.Read(column, "é"));
        Assert.Equal("false", One.Read(column, "OHNE"));
        Assert.Equal("<type-mismatch>", One.Read(column, "yes"));
        Assert.Equal("true", One.Read(column, new Cell(FieldKind.True, "true")));
        Assert.Equal("false", One.Read(column, new Cell(FieldKind.False, "false")));
    }
}

using System.Globalization;
using System.Numerics;
using CsCheck;
using Ingest.Core.Contracts;

namespace Ingest.Tests.Normalizing;

public sealed class NumberTests
{
    [Theory]
    [InlineData("0", "0")]
    [InlineData("-0", "0")]
    [InlineData("-0.0", "0")]
    [InlineData("+7", "7")]
    [InlineData("007", "7")]
    [InlineData("12.0", "12")]
    [InlineData("610500.0", "610500")]
    [InlineData("1e3", "1000")]
    [InlineData("1.2E+1", "12")]
    [InlineData("1200e-2", "12")]
    [InlineData("0e999999999999", "0")]
    [InlineData(" 42\u3000", "42")]
    [InlineData("2147483647", "2147483647")]
    [InlineData("-2147483648", "-2147483648")]
    [InlineData("2147483648", "<out-of-range>")]
    [InlineData("-2147483649", "<out-of-range>")]
    [InlineData("99999999999999999999999999999999999999999", "<out-of-range>")]
    [InlineData("1e999999999999999", "<out-of-range>")]
    [InlineData("12.5", "<out-of-range>")]
    [InlineData("1e-1", "<out-of-range>")]
    [InlineData("十二", "<type-mismatch>")]
    [InlineData("１２", "<type-mismatch>")]
    [InlineData("12.", "<type-mismatch>")]
    [InlineData("1,234", "<type-mismatch>")]
    [InlineData("1e", "<type-mismatch>")]
    [InlineData("-", "<type-mismatch>")]
    [InlineData("--1", "<type-mismatch>")]
    [InlineData("0x1F", "<type-mismatch>")]
    [InlineData("1 2", "<type-mismatch>")]
    [InlineData(".", "<type-mismatch>")]
    [InlineData("e5", "<type-mismatch>")]
    [InlineData("", null)]
    public void Ints(string text, string? expected) => Assert.Equal(expected, One.Read(One.Column(ColumnType.Int), text));

    [Theory]
    [InlineData("9223372036854775807", "9223372036854775807")]
    [InlineData("-9223372036854775808", "-9223372036854775808")]
    [InlineData("9223372036854775807.000", "9223372036854775807")]
    [InlineData("9.223372036854775807e18", "9223372036854775807")]
    [InlineData("9223372036854775808", "<out-of-range>")]
    [InlineData("-9223372036854775809", "<out-of-range>")]
    [InlineData("0000000000000000000000000000000000000000000042", "42")]
    [InlineData("1.0000000000000000000000000000000000000000000000", "1")]
    public void Longs(string text, string expected) => Assert.Equal(expected, One.Read(One.Column(ColumnType.Long), text));

    [Theory]
    [InlineData("1234.50", "123450", 18, 2)]
    [InlineData("1234.5", "123450", 18, 2)]
    [InlineData("-1234.500", "-123450", 18, 2)]
    [InlineData(".5", "50", 18, 2)]
    [InlineData("-.5", "-50", 18, 2)]
    [InlineData("1.5e2", "15000", 18, 2)]
    [InlineData("1.005", "<out-of-range>", 18, 2)]
    [InlineData("1e-3", "<out-of-range>", 18, 2)]
    [InlineData("999.99", "99999", 5, 2)]
    [InlineData("1000", "<out-of-range>", 5, 2)]
    [InlineData("-1000.00", "<out-of-range>", 5, 2)]
    [InlineData("1.", "<type-mismatch>", 5, 2)]
    [InlineData("1.2.3", "<type-mismatch>", 5, 2)]
    [InlineData(".", "<type-mismatch>", 5, 2)]
    [InlineData("+", "<type-mismatch>", 5, 2)]
    [InlineData("-0", "0", 5, 2)]
    [InlineData("999999999999999999", "999999999999999999", 18, 0)]
    [InlineData("9999999999999999999", "<out-of-range>", 18, 0)]
    [InlineData("0.000000000000000001", "1", 18, 18)]
    [InlineData("1", "<out-of-range>", 18, 18)]
    [InlineData("99999999999999999999999999999999999999", "99999999999999999999999999999999999999", 38, 0)]
    [InlineData("-99999999999999999999999999999999999999", "-99999999999999999999999999999999999999", 38, 0)]
    [InlineData("100000000000000000000000000000000000000", "<out-of-range>", 38, 0)]
    [InlineData("1e37", "10000000000000000000000000000000000000", 38, 0)]
    [InlineData("0.99999999999999999999999999999999999999", "99999999999999999999999999999999999999", 38, 38)]
    [InlineData("1234567890123456789.0123456789", "12345678901234567890123456789", 38, 10)]
    public void Decimals_are_exact(string text, string expected, int precision, int scale) => Assert.Equal(expected, One.Read(One.Decimal(precision, scale), text));

    [Theory]
    [InlineData("610500.0", "610500")]
    [InlineData("-0", "0")]
    [InlineData("-0.0", "0")]
    [InlineData("-0.0000000000000000000000", "0")]
    [InlineData("0.1", "0.1")]
    [InlineData("-.5", "-0.5")]
    [InlineData("1e22", "1E+22")]
    [InlineData("5e-324", "5E-324")]
    [InlineData("1e-999", "0")]
    [InlineData("1.7976931348623157e308", "1.7976931348623157E+308")]
    [InlineData("9007199254740993", "9007199254740992")]
    [InlineData("1e999", "<out-of-range>")]
    [InlineData("-1e999", "<out-of-range>")]
    [InlineData("NaN", "<type-mismatch>")]
    [InlineData("Infinity", "<type-mismatch>")]
    [InlineData("-∞", "<type-mismatch>")]
    [InlineData("1.", "<type-mismatch>")]
    [InlineData("1,5", "<type-mismatch>")]
    public void Doubles_are_finite_and_have_one_zero(string text, string expected) => Assert.Equal(expected, One.Read(One.Column(ColumnType.Double), text));

    [Fact]
    public void Full_width_digits_and_separators_are_numbers_once_the_rules_say_so()
    {
        var column = One.Decimal(18, 2) with { Rules = [TextRule.Nfkc, TextRule.Trim, TextRule.Separators] };
        Assert.Equal("12300", One.Read(column, "１２３"));
        Assert.Equal("123450", One.Read(column, "\u3000１，２３４．５０"));
        Assert.Equal("123450", One.Read(column, "1,234.50"));
        Assert.Equal("<type-mismatch>", One.Read(column, "12,34"));
    }

    [Fact]
    public void Whatever_is_written_is_read_back()
    {
        Gen.Int.Sample(x => Same(One.Column(ColumnType.Int), x.ToString(CultureInfo.InvariantCulture)), iter: 500);
        Gen.Long.Sample(x => Same(One.Column(ColumnType.Long), x.ToString(CultureInfo.InvariantCulture)), iter: 500);
        Gen.Double.Where(double.IsFinite).Sample(
            x => Assert.Equal((x + 0.0).ToString("R", CultureInfo.InvariantCulture), One.Read(One.Column(ColumnType.Double), x.ToString("R", CultureInfo.InvariantCulture))), iter: 1000);
        Gen.Select(Gen.Int[-999_999_999, 999_999_999], Gen.Int[0, 9]).Sample((digits, scale) =>
        {
            var text = (digits / (decimal)Math.Pow(10, scale)).ToString(CultureInfo.InvariantCulture);
            Assert.Equal(double.Parse(text, CultureInfo.InvariantCulture).ToString("R", CultureInfo.InvariantCulture), One.Read(One.Column(ColumnType.Double), text));
        }, iter: 1000);
    }

    [Fact]
    public void Decimals_agree_with_big_integers() =>
        Gen.Select(Gen.Int[1, 38], Gen.Int[0, 38], Gen.Byte.Array[1, 17], Gen.Int[0, 40], Gen.Int[-45, 45]).Sample((precision, wantedScale, bytes, point, exponent) =>
        {
            var scale = Math.Min(precision, wantedScale);
            var digits = new BigInteger(bytes);
            var text = BigInteger.Abs(digits).ToString(CultureInfo.InvariantCulture).PadLeft(point + 1, '0');
            text = (digits.Sign < 0 ? "-" : "") + (point == 0 ? text : $"{text[..^point]}.{text[^point..]}") + (exponent == 0 ? "" : $"e{exponent}");
            var shift = exponent - point + scale;
            var unscaled = shift >= 0 ? digits * BigInteger.Pow(10, shift) : digits / BigInteger.Pow(10, -shift);
            var isExact = shift >= 0 || digits % BigInteger.Pow(10, -shift) == 0;
            var expected = isExact && BigInteger.Abs(unscaled) < BigInteger.Pow(10, precision) ? unscaled.ToString(CultureInfo.InvariantCulture) : "<out-of-range>";
            Assert.Equal(expected, One.Read(One.Decimal(precision, scale), text));
        }, iter: 5000);

    private static void Same(ColumnPlan column, string text) => Assert.Equal(text, One.Read(column, text));
}
